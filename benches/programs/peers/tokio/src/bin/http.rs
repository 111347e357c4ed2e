//! See `go/http`: with hyper, on tokio.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

fn main() {
    on_tokio::serve(serve);
}

async fn serve(client: TcpStream) {
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(client), service_fn(greet));
    // A client that has gone is no fault of the server's.
    _ = connection.await;
}

async fn greet<T>(_: Request<T>) -> Result<Response<Full<Bytes>>, Infallible> {
    let greeting = Response::builder().header("Content-Type", "text/plain; charset=UTF-8");
    Ok(greeting
        .body(Full::new(Bytes::from_static(b"Hello, world!")))
        .expect("a header that is right"))
}
