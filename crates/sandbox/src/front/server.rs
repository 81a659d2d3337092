//! Listens, and serves HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::Front;
use crate::error::StartError;

/// Connections that wait to be accepted, as the standard library has it.
const BACKLOG: u32 = 1024;

/// How long calls in flight may take to finish at shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// A listening server; it stops when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
}

impl Server {
    /// Takes the address; nobody can connect before [`Server::listen`].
    pub(crate) fn bind(address: SocketAddr) -> Result<TcpSocket, StartError> {
        let failed = |source| StartError::Listen { address, source };
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        };
        let socket = socket.map_err(failed)?;
        // As the standard library does, so that a port of a moment ago can be taken again.
        #[cfg(unix)]
        socket.set_reuseaddr(true).map_err(failed)?;
        socket.bind(address).map_err(failed)?;
        Ok(socket)
    }

    /// Opens the port.
    pub(crate) fn listen(socket: TcpSocket) -> std::io::Result<TcpListener> {
        socket.listen(BACKLOG)
    }

    /// Answers calls in the background.
    pub(crate) fn serve(listener: TcpListener, front: Arc<Front>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let listening = tokio::spawn(listen(listener, front, stopped));
        Self { stop, listening }
    }

    /// Stops listening and waits for calls in flight, within bounds.
    pub(crate) async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // Past the grace the task is aborted on drop, with its connections.
        let _ = tokio::time::timeout(GRACE, &mut self.listening).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, front: Arc<Front>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = told(&mut stopped) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&front), stopped.clone()));
                }
                // Out of file descriptors, say: the next connection may do better.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, front: Arc<Front>, mut stopped: watch::Receiver<bool>) {
    // Without it small replies wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| Arc::clone(&front).handle(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // An error is the client's hanging up, or a connection dropped on purpose.
        _ = &mut connection => {}
        () = told(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Waits until the server stops, or is gone.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, and so the server.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
