// Command http greets whoever asks by HTTP, until it is killed. It prints its port first.
package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	greet := func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		answer.Write([]byte("Hello, world!"))
	}
	panic(http.Serve(listener, http.HandlerFunc(greet)))
}
