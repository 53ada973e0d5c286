import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.Executors;

/** The Java servers of the lab: JavaApp NAME PORT. Behind the JDK's own HTTP server, errors as the libraries word them. */
public class JavaApp {
    static final String ISSUER = "https://id.shop.example/";
    static final String AUDIENCE = "https://orders.shop.example";

    /** Returns the claims `sub` and `roles`, or throws what the library throws. */
    interface Verifier {
        Map<String, Object> verify(String token) throws Exception;
    }

    static byte[] key(String name) throws IOException {
        return Files.readAllBytes(Path.of(System.getenv("LAB_KEYS"), name));
    }

    static RSAPublicKey rsa() throws Exception {
        String pem = new String(key("rsa-c.pub.pem"), StandardCharsets.US_ASCII).replaceAll("-----[A-Z ]+-----|\\s", "");
        return (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }

    static Verifier verifier(String name) throws Exception {
        if (name.equals("jjwt")) {
            var parser = io.jsonwebtoken.Jwts.parser().verifyWith(io.jsonwebtoken.security.Keys.hmacShaKeyFor(key("hs-c.secret")))
                .requireIssuer(ISSUER).requireAudience(AUDIENCE).build();
            return token -> parser.parseSignedClaims(token).getPayload();
        }
        var check = com.auth0.jwt.JWT.require(com.auth0.jwt.algorithms.Algorithm.RSA256(rsa(), null))
            .withIssuer(ISSUER).withAudience(AUDIENCE).withClaimPresence("sub").build();
        return token -> {
            var decoded = check.verify(token);
            var out = new java.util.HashMap<String, Object>();
            out.put("sub", decoded.getSubject());
            if (!decoded.getClaim("roles").isMissing()) {
                out.put("roles", decoded.getClaim("roles").asList(String.class));
            }
            return out;
        };
    }

    static void answer(HttpExchange exchange, int status, String name, String text) throws IOException {
        String json = "{\"" + name + "\":\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"}";
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    public static void main(String[] args) throws Exception {
        Verifier verifier = verifier(args[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1])), 50);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/", exchange -> {
            String field = exchange.getRequestHeaders().getFirst("Authorization");
            if (field == null || !field.startsWith("Bearer ")) {
                answer(exchange, 401, "message", "Full authentication is required to access this resource");
                return;
            }
            try {
                Map<String, Object> claims = verifier.verify(field.substring(7));
                if (exchange.getRequestURI().getPath().equals("/admin/users") && claims.get("roles") == null) {
                    answer(exchange, 403, "message", "Access Denied");
                } else {
                    answer(exchange, 200, "sub", String.valueOf(claims.get("sub")));
                }
            } catch (Exception error) {
                answer(exchange, 401, "message", String.valueOf(error.getMessage()));
            }
        });
        server.start();
    }
}
