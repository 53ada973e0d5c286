// The Go servers of the lab: lab-go NAME PORT. Each answers as its library words it.
package main

import (
	"encoding/json"
	"net/http"
	"os"
)

const (
	issuer   = "https://id.shop.example/"
	audience = "https://orders.shop.example"
)

func key(name string) []byte {
	bytes, err := os.ReadFile(os.Getenv("LAB_KEYS") + "/" + name)
	if err != nil {
		panic(err)
	}
	return bytes
}

func answer(w http.ResponseWriter, status int, body interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func main() {
	servers := map[string]func() http.Handler{"golang-jwt": golangJWT, "gin-jwt": ginJWT, "go-jose": goJose}
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[2], servers[os.Args[1]]()))
}
