// Command echo answers each of its clients with the bytes that it has sent, one goroutine a client, until it is killed. It prints its port first.
package main

import (
	"fmt"
	"net"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		client, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(client)
	}
}

// serve has nothing to say about delays: sockets of Go's have none.
func serve(client net.Conn) {
	defer client.Close()
	request := make([]byte, 1024)
	for {
		length, err := client.Read(request)
		if err != nil {
			return
		}
		if _, err := client.Write(request[:length]); err != nil {
			return
		}
	}
}
