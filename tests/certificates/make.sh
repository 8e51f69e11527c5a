#!/bin/sh
# Makes the certificates of the TLS tests anew, in the directory it lies in. They are good for
# nothing else: the keys lie here for everyone to read, and those of the authorities are thrown away.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from=20250101000000Z
until=21250101000000Z

cat >"$work/openssl.cnf" <<END
[ca]
default_ca = all
[all]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
END
: >"$work/index.txt"

# authority NAME SUBJECT
authority() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
    printf '%s\n' basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign \
        >"$work/extensions"
    openssl req -new -config "$work/openssl.cnf" -key "$work/$1.key" -subj "/CN=$2" \
        -out "$work/asked"
    openssl ca -batch -notext -config "$work/openssl.cnf" -selfsign -keyfile "$work/$1.key" \
        -in "$work/asked" -out "$1.pem" -startdate "$from" -enddate "$until" \
        -extfile "$work/extensions"
}

# certificate NAME AUTHORITY USE NOT_AFTER
certificate() {
    openssl ecparam -name prime256v1 -genkey -noout |
        openssl pkcs8 -topk8 -nocrypt -out "$1.key"
    printf '%s\n' "extendedKeyUsage=$3" 'basicConstraints=critical,CA:FALSE' \
        'subjectAltName=DNS:localhost,IP:127.0.0.1' >"$work/extensions"
    openssl req -new -config "$work/openssl.cnf" -key "$1.key" -subj "/CN=$1" -out "$work/asked"
    openssl ca -batch -notext -config "$work/openssl.cnf" -cert "$2.pem" \
        -keyfile "$work/$2.key" -in "$work/asked" -out "$1.pem" -startdate "$from" \
        -enddate "$4" -extfile "$work/extensions"
}

authority authority 'spanyard tests'
authority stranger 'another authority'
certificate server authority serverAuth "$until"
certificate renewed authority serverAuth "$until"
certificate client authority clientAuth "$until"
certificate expired authority clientAuth 20250102000000Z
certificate wrong-use authority serverAuth "$until"
certificate wrong-authority stranger clientAuth "$until"
