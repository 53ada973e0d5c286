# The Ruby servers of the third bench: ruby_third.rb NAME PORT. `json-jwt` behind rack-oauth2's bearer guard, `grape` with API keys.
require "json"
require "json/jwt"
require "rack"
require "rack/oauth2"
require "webrick"
require "rack/handler/webrick"

NAME, PORT = ARGV
KEYS = ENV.fetch("LAB_KEYS")
KEY = OpenSSL::PKey::RSA.new(File.read("#{KEYS}/rsa-g.pub.pem"))

GUARD = lambda do |request|
  claims = JSON::JWT.decode(request.access_token, KEY, :RS256)
  request.invalid_token!("The access token has expired") if claims[:exp].to_i <= Time.now.to_i
  request.invalid_token!("Issuer mismatch") unless claims[:iss] == "https://id.shop.example/"
  request.invalid_token!("Audience mismatch") unless claims[:aud] == "https://orders.shop.example"
  claims
rescue JSON::JWT::Exception => e
  request.invalid_token!(e.message)
end

SIGNED = Rack::Builder.app do
  use Rack::OAuth2::Server::Resource::Bearer, "orders", &GUARD
  run(lambda do |env|
    claims = env[Rack::OAuth2::Server::Resource::ACCESS_TOKEN]
    if claims.nil?
      Rack::OAuth2::Server::Resource::Bearer::Unauthorized.new.finish
    elsif env["PATH_INFO"] == "/admin/users" && !claims[:roles]
      Rack::OAuth2::Server::Resource::Bearer::Forbidden.new(:insufficient_scope, "Administrators only").finish
    else
      [200, { "Content-Type" => "application/json" }, ['{"orders":[]}']]
    end
  end)
end

def grape
  require "grape"
  Class.new(Grape::API) do
    format :json
    content_type :xml, "application/xml"
    content_type :json, "application/json"
    helpers do
      def key! = headers["X-Api-Token"] == "k3y-of-the-lab-7Hq2" || error!({ error: "Invalid or missing API token" }, 401)
    end
    get(:orders) { key!; { orders: [] } }
    http_basic(realm: "reports") { |user, password| user == "ann" && password == "correct horse" } if false
    namespace :reports do
      http_basic({ realm: "reports" }) { |user, password| user == "ann" && password == "correct horse" }
      get { { reports: [] } }
    end
  end
end

app = NAME == "json-jwt" ? SIGNED : Rack::Builder.app { run grape }
Rack::Handler::WEBrick.run(app, Host: "127.0.0.1", Port: PORT.to_i, AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
