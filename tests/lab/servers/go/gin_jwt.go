package main

import (
	"net/http"

	ginjwt "github.com/appleboy/gin-jwt"
	"github.com/gin-gonic/gin"
)

// gin-jwt with its defaults: HS256, field, then query, then cookie; the authorizator is the application's.
func ginJWT() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	guard, err := ginjwt.New(&ginjwt.GinJWTMiddleware{
		Realm:       "orders",
		Key:         key("hs-c.secret"),
		IdentityKey: "sub",
		TokenLookup: "header: Authorization, query: token, cookie: jwt",
		IdentityHandler: func(c *gin.Context) interface{} {
			return ginjwt.ExtractClaims(c)["sub"]
		},
		Authorizator: func(_ interface{}, c *gin.Context) bool {
			claims := ginjwt.ExtractClaims(c)
			return claims["iss"] == issuer && claims["aud"] == audience &&
				(c.Request.URL.Path != "/admin/users" || claims["roles"] != nil)
		},
		Authenticator: func(*gin.Context) (interface{}, error) { return nil, ginjwt.ErrFailedAuthentication },
	})
	if err != nil {
		panic(err)
	}
	engine := gin.New()
	engine.POST("/login", guard.LoginHandler)
	guarded := engine.Group("/", guard.MiddlewareFunc())
	for _, path := range []string{"/orders", "/me", "/admin/users"} {
		guarded.GET(path, func(c *gin.Context) {
			c.JSON(http.StatusOK, gin.H{"sub": ginjwt.ExtractClaims(c)["sub"]})
		})
	}
	return engine
}
