# The Perl server of the lab: perl_app.pl NAME PORT. Crypt::JWT behind HTTP::Daemon, RS256, the library's words.
use strict;
use warnings;
use Crypt::JWT qw(decode_jwt);
use Crypt::PK::RSA;
use HTTP::Daemon;
use HTTP::Response;
use JSON::PP;

my ($name, $port) = @ARGV;
my $key    = Crypt::PK::RSA->new("$ENV{LAB_KEYS}/rsa-c.pub.pem");
my $daemon = HTTP::Daemon->new(LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1, Listen => 20) or die "no port: $!";
$SIG{CHLD} = 'IGNORE';

sub answer {
    my ($client, $status, $body) = @_;
    my @fields = ('Content-Type' => 'application/json');
    push @fields, 'WWW-Authenticate' => 'Bearer' if $status == 401;
    $client->send_response(HTTP::Response->new($status, undef, \@fields, encode_json($body)));
}

while (my $client = $daemon->accept) {
    my $child = fork;
    if ($child) { $client->close; next }
    while (my $request = $client->get_request) {
        my ($token) = ($request->header('Authorization') // '') =~ /^Bearer\s+(.+)$/;
        if (!defined $token) { answer($client, 401, { error => 'No bearer token' }); next }
        my $claims = eval {
            decode_jwt(token => $token, key => $key, accepted_alg => 'RS256', verify_exp => 1, verify_iat => undef,
                       verify_iss => 'https://id.shop.example/', verify_aud => 'https://orders.shop.example');
        };
        if (my $error = $@) {
            $error =~ s/ at \S+ line \d+\.?\s*$//;
            answer($client, 401, { error => $error });
        } elsif ($request->uri->path eq '/admin/users' && !$claims->{roles}) {
            answer($client, 403, { error => 'Forbidden' });
        } else {
            answer($client, 200, { sub => $claims->{sub}, orders => [] });
        }
    }
    exit 0;
}
