# The Ruby servers of the lab: ruby_app.rb NAME PORT. ruby-jwt behind WEBrick; `ruby-jwt` has one HMAC secret,
# `ruby-jwt-set` an RSA key set.
require "json"
require "jwt"
require "openssl"
require "webrick"

NAME, PORT = ARGV
KEYS = ENV.fetch("LAB_KEYS")
CHECKS = { iss: "https://id.shop.example/", verify_iss: true, aud: "https://orders.shop.example", verify_aud: true,
           verify_iat: true, required_claims: ["exp"] }.freeze

def claims_of(token)
  if NAME == "ruby-jwt-set"
    set = JSON.parse(File.read("#{KEYS}/jwks-c.json"), symbolize_names: true)
    JWT.decode(token, nil, true, { **CHECKS, algorithms: ["RS256"], jwks: set })[0]
  else
    JWT.decode(token, File.read("#{KEYS}/hs-c.secret"), true, { **CHECKS, algorithm: "HS256" })[0]
  end
end

server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: PORT.to_i, AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
server.mount_proc "/" do |request, response|
  response["Content-Type"] = "application/json"
  # The line of many Rails tutorials: the last word of the field, whatever stands before it.
  token = request["Authorization"]&.split(" ")&.last
  begin
    claims = claims_of(token)
    if request.path == "/admin/users" && !claims["roles"]
      response.status = 403
      response.body = { error: "Forbidden" }.to_json
    else
      response.body = { sub: claims["sub"], orders: [] }.to_json
    end
  rescue JWT::DecodeError => error
    response.status = 401
    response.body = { errors: [error.message] }.to_json
  end
end
trap("TERM") { server.shutdown }
server.start
