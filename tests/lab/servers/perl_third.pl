# Mojo::JWT inside a Mojolicious application: perl_third.pl NAME PORT.
use Mojolicious::Lite -signatures;
use Mojo::File 'path';
use Mojo::JWT;

my ($name, $port) = @ARGV;
my $secret = path("$ENV{LAB_KEYS}/hs-g.secret")->slurp;
app->log->level('fatal');
app->secrets(['lab only']);

under sub ($c) {
    my ($token) = ($c->req->headers->authorization // '') =~ /^Bearer (.+)$/;
    my $claims = $token && eval { Mojo::JWT->new(secret => $secret, algorithm => 'HS256')->decode($token) };
    my $problem = !$token ? 'Authorization header needed' : !$claims ? $@ =~ s/ at \S+ line \d+.*//sr
        : ($claims->{iss} // '') ne 'https://id.shop.example/' ? 'Wrong issuer'
        : ($claims->{aud} // '') ne 'https://orders.shop.example' ? 'Wrong audience' : undef;
    return 1 unless $problem;
    $c->render(xml => undef, status => 401, format => 'xml', text => "<?xml version=\"1.0\"?><error><code>401</code><message>$problem</message></error>");
    return undef;
};
for my $path ('/orders', '/me') {
    get $path => sub ($c) { $c->render(json => {orders => []}) };
}
get '/admin/users' => sub ($c) { $c->render(text => '<error><code>403</code><message>Forbidden</message></error>', status => 403, format => 'xml') };
app->start('daemon', '-l', "http://127.0.0.1:$port");
