// The Go servers of the third bench: lab-go3 NAME PORT. echo's own JWT middleware, and jose2go with its errors shown.
package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"

	jose "github.com/dvsekhvalnov/jose2go"
	Rsa "github.com/dvsekhvalnov/jose2go/keys/rsa"
	"github.com/labstack/echo"
	"github.com/labstack/echo/middleware"
)

func key(name string) []byte {
	bytes, err := os.ReadFile(os.Getenv("LAB_KEYS") + "/" + name)
	if err != nil {
		panic(err)
	}
	return bytes
}

func echoJWT(port string) {
	app := echo.New()
	app.HideBanner, app.HidePort = true, true
	app.Use(middleware.JWT(key("hs-g.secret")))
	orders := func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]interface{}{"orders": []int{}}) }
	app.GET("/orders", orders)
	app.GET("/me", orders)
	app.GET("/admin/users", func(c echo.Context) error { return echo.ErrForbidden })
	panic(app.Start("127.0.0.1:" + port))
}

func jose2go(port string) {
	public, err := Rsa.ReadPublic(key("rsa-g.pub.pem"))
	if err != nil {
		panic(err)
	}
	check := func(field string) (map[string]interface{}, string) {
		if !strings.HasPrefix(field, "Bearer ") {
			return nil, "no bearer token"
		}
		payload, header, err := jose.Decode(strings.TrimPrefix(field, "Bearer "), public)
		if err != nil {
			return nil, err.Error()
		}
		var claims map[string]interface{}
		if err := json.Unmarshal([]byte(payload), &claims); err != nil {
			return nil, "claims are not an object"
		}
		exp, number := claims["exp"].(float64)
		switch {
		case header["alg"] != "RS256":
			return nil, "algorithm not allowed"
		case !number:
			return nil, "exp is required"
		case float64(time.Now().Unix()) >= exp:
			return nil, "this token's lifetime is over"
		case claims["iss"] != "https://id.shop.example/":
			return nil, "we do not trust who made this token"
		case claims["aud"] != "https://orders.shop.example":
			return nil, "this token was not made for us"
		}
		return claims, ""
	}
	panic(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, problem := check(r.Header.Get("Authorization"))
		if problem != "" {
			http.Error(w, "unauthorized: "+problem, http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/admin/users" && claims["roles"] == nil {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]interface{}{"orders": []int{}})
	})))
}

func main() {
	map[string]func(string){"echo-jwt": echoJWT, "jose2go": jose2go}[os.Args[1]](os.Args[2])
}
