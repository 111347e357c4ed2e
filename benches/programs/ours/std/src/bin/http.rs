//! See `go/http`. `tiny_http` has threads of its own that read requests, one for each connection.

use tiny_http::{Response, Server};

fn main() {
    let server = Server::http("127.0.0.1:0").expect("a port");
    let address = server.server_addr().to_ip().expect("an address of IP");
    println!("port {}", address.port());
    for request in server.incoming_requests() {
        // A client that has gone is no fault of the server's.
        _ = request.respond(Response::from_string("Hello, world!"));
    }
}
