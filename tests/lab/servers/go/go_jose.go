package main

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"time"

	"gopkg.in/square/go-jose.v2/jwt"
)

// go-jose with ES256: parse, open with the key, then validate what is expected.
func goJose() http.Handler {
	block, _ := pem.Decode(key("ec-c.pub.pem"))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	refuse := func(w http.ResponseWriter, message string) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="orders"`)
		answer(w, http.StatusUnauthorized, map[string]interface{}{"code": 401, "message": message})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		token, err := jwt.ParseSigned(raw)
		if err != nil {
			refuse(w, err.Error())
			return
		}
		claims, rest := jwt.Claims{}, map[string]interface{}{}
		if err := token.Claims(public, &claims, &rest); err != nil {
			refuse(w, err.Error())
			return
		}
		expected := jwt.Expected{Issuer: issuer, Audience: jwt.Audience{audience}, Time: time.Now()}
		if err := claims.ValidateWithLeeway(expected, 0); err != nil {
			refuse(w, err.Error())
			return
		}
		if r.URL.Path == "/admin/users" && rest["roles"] == nil {
			answer(w, http.StatusForbidden, map[string]interface{}{"code": 403, "message": "forbidden"})
			return
		}
		answer(w, http.StatusOK, map[string]interface{}{"sub": claims.Subject})
	})
}
