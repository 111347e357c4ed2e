//! See `go/echo`. Every read is in `blocking`, and so keeps its thread, as a call does that nobody stands before.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("port {}", listener.local_addr().expect("bound").port());
    loop {
        let (client, _) = rtlib::blocking(|| listener.accept()).expect("a client");
        rtlib::go(move || serve(client));
    }
}

fn serve(mut client: TcpStream) {
    let mut request = [0; 64];
    while let Ok(length @ 1..) = rtlib::blocking(|| client.read(&mut request)) {
        if client.write_all(&request[..length]).is_err() {
            break;
        }
    }
}
