//! See `go/echo`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("port {}", listener.local_addr().expect("bound").port());
    for client in listener.incoming() {
        let client = client.expect("a client");
        thread::spawn(move || serve(client));
    }
}

fn serve(mut client: TcpStream) {
    client.set_nodelay(true).expect("no delay");
    let mut request = [0; 1024];
    while let Ok(length @ 1..) = client.read(&mut request) {
        if client.write_all(&request[..length]).is_err() {
            break;
        }
    }
}
