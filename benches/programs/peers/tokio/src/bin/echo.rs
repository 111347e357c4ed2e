//! See `go/echo`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn main() {
    on_tokio::serve(serve);
}

async fn serve(mut client: TcpStream) {
    let mut request = [0; 1024];
    while let Ok(length @ 1..) = client.read(&mut request).await {
        if client.write_all(&request[..length]).await.is_err() {
            break;
        }
    }
}
