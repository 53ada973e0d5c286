#!/bin/sh
# Prepares the servers of the second bench in the lab's home ($1): says what it cannot have, and goes on without.
#
# Debian: php-cli php-cgi ruby ruby-jwt ruby-webrick golang-go golang-github-golang-jwt-jwt-dev golang-github-appleboy-gin-jwt-dev
#   golang-gopkg-square-go-jose.v2-dev libcrypt-jwt-perl libhttp-daemon-perl haproxy caddy apache2 libapache2-mod-auth-openidc
#   docker-registry influxdb nginx
# cargo fetches jsonwebtoken. firebase/php-jwt is taken from $home/php/vendor, where composer puts it; jjwt, java-jwt and Jackson from
# jars in $home/java, where a Java package client puts them.
set -u
here=$(cd "$(dirname "$0")" && pwd)/servers
home=$1
mkdir -p "$home/bin" "$home/php" "$home/java" "$home/rust/src"
have() { command -v "$1" >/dev/null 2>&1; }
without() { echo "second bench: $1 is left out: $2"; }

[ -e "$home/php/vendor/autoload.php" ] || without firebase/php-jwt "nothing in $home/php/vendor"

gopath=/usr/share/gocode
if [ ! -x "$home/bin/lab-go" ]; then
    if have go && [ -d "$gopath/src/github.com/golang-jwt/jwt" ] && [ -d "$gopath/src/github.com/appleboy/gin-jwt" ] &&
        [ -d "$gopath/src/gopkg.in/square/go-jose.v2" ]; then
        (cd "$here/go" && GO111MODULE=off GOPATH=$gopath go build -o "$home/bin/lab-go" .) || without "Go" "it did not build"
    else
        without "golang-jwt, gin-jwt, go-jose" "no go or no packages of theirs"
    fi
fi

if [ ! -x "$home/bin/lab-rust" ]; then
    if have cargo; then
        cp "$here/rust_app.toml" "$home/rust/Cargo.toml"
        cp "$here/rust_app.rs" "$home/rust/src/main.rs"
        (cd "$home/rust" && cargo build -q) && cp "$home/rust/target/debug/lab-rust" "$home/bin/" || without "jsonwebtoken (Rust)" "it did not build"
    else
        without "jsonwebtoken (Rust)" "no cargo"
    fi
fi

if [ ! -e "$home/java/JavaApp.class" ]; then
    have javac && javac -d "$home/java" -cp "$home/java/*" "$here/JavaApp.java" 2>/dev/null ||
        without "jjwt and java-jwt" "no Java compiler, or no jars of theirs in $home/java"
fi

have ruby && ruby -e 'require "jwt"; require "webrick"' 2>/dev/null && touch "$home/bin/has-ruby-jwt" || without ruby-jwt "no ruby, ruby-jwt or webrick"
have perl && perl -MCrypt::JWT -MHTTP::Daemon -e 1 2>/dev/null && touch "$home/bin/has-crypt-jwt" || without Crypt::JWT "no such Perl module"
# The third bench. Debian: lighttpd etcd-server prometheus rabbitmq-server tomcat10 apache2-utils ruby-grape ruby-json-jwt
#   ruby-rack-oauth2 golang-github-labstack-echo-dev golang-github-dvsekhvalnov-jose2go-dev libmojo-jwt-perl libmojolicious-perl
if [ ! -x "$home/venv3/bin/python" ]; then
    "$home/venv/bin/python" -m venv "$home/venv3" && "$home/venv3/bin/pip" install -q -r "$here/../requirements-third.txt" ||
        echo "third bench: the Python servers are left out"
fi
if [ ! -d "$home/node3/node_modules" ]; then
    mkdir -p "$home/node3" && cp "$here/third.package.json" "$home/node3/package.json"
    (cd "$home/node3" && npm install --no-audit --no-fund --legacy-peer-deps --loglevel=error) || echo "third bench: the Node servers are left out"
fi
if [ ! -x "$home/bin/lab-go3" ] && have go && [ -d "$gopath/src/github.com/labstack/echo" ]; then
    (cd "$here/go3" && GO111MODULE=off GOPATH=$gopath go build -o "$home/bin/lab-go3" .) || echo "third bench: Go is left out"
fi
if [ ! -x "$home/bin/lab-rust3" ] && have cargo; then
    mkdir -p "$home/rust3/src"
    cp "$here/rust_third.toml" "$home/rust3/Cargo.toml"
    cp "$here/rust_third.rs" "$home/rust3/src/main.rs"
    (cd "$home/rust3" && cargo build -q) && cp "$home/rust3/target/debug/lab-rust3" "$home/bin/" || echo "third bench: Rust is left out"
fi
exit 0
