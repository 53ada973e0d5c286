package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt"
)

// golang-jwt with RS256 behind net/http; claims are checked by the application after the library's own checks.
func golangJWT() http.Handler {
	public, err := jwt.ParseRSAPublicKeyFromPEM(key("rsa-c.pub.pem"))
	if err != nil {
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if header == "" {
			http.Error(w, "Missing authorization header", http.StatusUnauthorized)
			return
		}
		parts := strings.Split(header, " ")
		if len(parts) != 2 || !strings.EqualFold(parts[0], "bearer") {
			http.Error(w, "Invalid authorization header format", http.StatusUnauthorized)
			return
		}
		claims := jwt.MapClaims{}
		_, err := jwt.ParseWithClaims(parts[1], claims, func(token *jwt.Token) (interface{}, error) {
			if _, ok := token.Method.(*jwt.SigningMethodRSA); !ok {
				return nil, fmt.Errorf("unexpected signing method: %v", token.Header["alg"])
			}
			return public, nil
		})
		if err != nil {
			answer(w, http.StatusUnauthorized, map[string]string{"error": err.Error()})
			return
		}
		if !claims.VerifyIssuer(issuer, true) {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid issuer"})
			return
		}
		if !claims.VerifyAudience(audience, true) {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid audience"})
			return
		}
		if r.URL.Path == "/admin/users" && claims["roles"] == nil {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		answer(w, http.StatusOK, map[string]interface{}{"sub": claims["sub"], "orders": []int{}})
	})
}
