//! See `go/echo`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn main() {
    on_tokio::serve(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("port {}", listener.local_addr().expect("bound").port());
        loop {
            let (client, _) = listener.accept().await.expect("a client");
            tokio::spawn(serve(client));
        }
    });
}

async fn serve(mut client: TcpStream) {
    client.set_nodelay(true).expect("no delay");
    let mut request = [0; 1024];
    while let Ok(length @ 1..) = client.read(&mut request).await {
        if client.write_all(&request[..length]).await.is_err() {
            break;
        }
    }
}
