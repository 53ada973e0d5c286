<?php
// firebase/php-jwt as its README shows it: HS256 with one key, or RS256 with a key set; the exception's own words.
// LAB_MODE: "hmac", "keyset". Under CGI the field may never arrive: then no token is found.

require getenv('LAB_PHP') . '/vendor/autoload.php';

use Firebase\JWT\JWK;
use Firebase\JWT\JWT;
use Firebase\JWT\Key;

function answer(int $status, array $body): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode($body);
    exit;
}

$keys = getenv('LAB_KEYS');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (!preg_match('/Bearer\s(\S+)/', $_SERVER['HTTP_AUTHORIZATION'] ?? '', $matches)) {
    answer(401, ['error' => 'Token not found in request']);
}
try {
    if (getenv('LAB_MODE') === 'keyset') {
        $set = json_decode(file_get_contents("$keys/jwks-c.json"), true);
        $token = JWT::decode($matches[1], JWK::parseKeySet($set));
    } else {
        $token = JWT::decode($matches[1], new Key(file_get_contents("$keys/" . getenv('LAB_SECRET')), 'HS256'));
    }
} catch (Throwable $error) {
    answer(401, ['error' => $error->getMessage()]);
}
// The library leaves issuer and audience to the application; this one says nothing more than no.
if (($token->iss ?? null) !== 'https://id.shop.example/' || ($token->aud ?? null) !== 'https://orders.shop.example') {
    http_response_code(401);
    exit;
}
if ($path === '/admin/users' && !in_array('admin', $token->roles ?? [])) {
    answer(403, ['error' => 'Forbidden']);
}
answer(200, ['sub' => $token->sub ?? null, 'orders' => []]);
