//! The way to AWS: what is said when it is broken and how soon, and the ways around, proxies and private certificates.

use std::io::{BufRead as _, BufReader, Read as _, Write as _, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use s3ferry_tests::world::{Ran, SOURCE, World, block_on};
use serde_json::json;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const ORDERS: &str = "  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    monitoring: { none: \"a test\" }
    rules:
      - { id: all, delete_markers: mirror }
";

fn world() -> World {
    let bucket = json!({ "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1 });
    World::new(ORDERS).with(&json!({ "buckets": [bucket] }))
}

/// A spec of which one account is entered by a profile that assumes a role: the SDK signs in to it.
fn by_profile(world: &World) {
    let configuration = "[profile archive]\nrole_arn = arn:aws:iam::222222222222:role/x\nsource_profile = base\n\
        [profile base]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n";
    std::fs::write(world.folder().join("aws.config"), configuration).expect("a file");
    let spec = world.folder().join("spec.yaml");
    let text = std::fs::read_to_string(&spec).expect("a spec");
    let role = "assume_role: { arn: \"arn:aws:iam::222222222222:role/sandbox\" }";
    assert!(text.contains(role));
    std::fs::write(&spec, text.replace(role, "profile: archive")).expect("a spec");
}

/// Plans in an environment that says this besides.
fn plan(world: &World, environment: &[(&str, &str)]) -> (Ran, Duration) {
    let mut command = world.command(&["plan", "spec.yaml"]);
    command.envs(environment.iter().copied());
    // The first to ask for the program builds it.
    let began = Instant::now();
    let ran = Ran::from(command.output().expect("the program starts"));
    (ran, began.elapsed())
}

/// A plan against an endpoint that is no AWS: one message with these words, soon, and no advice on anything else.
fn is_told(endpoint: &str, words: &[&str], bound: Duration) {
    let world = world();
    by_profile(&world);
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_CONFIG_FILE", "aws.config"),
    ];
    let (ran, took) = plan(&world, &environment);
    assert_eq!(ran.code, Some(1), "{endpoint}: {}", ran.said());
    let errors = ran.err.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{endpoint}: {}", ran.said());
    for word in words {
        assert!(ran.err.contains(word), "{endpoint}, {word}: {}", ran.said());
    }
    for word in ["Request", " { ", "trust policy", "sts:AssumeRole on"] {
        assert!(
            !ran.err.contains(word),
            "{endpoint}, {word}: {}",
            ran.said()
        );
    }
    assert!(took < bound, "{endpoint}: {took:?}");
}

#[test]
fn a_refused_connection_is_told_with_host_and_port() {
    let free = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr();
    let server = free.expect("an address").to_string();
    let words = [&server, "Connection refused", "AWS_ENDPOINT_URL"];
    is_told(&format!("http://{server}"), &words, Duration::from_secs(15));
}

#[test]
fn a_name_that_nobody_knows_is_told() {
    let endpoint = "http://nowhere.invalid:8080";
    is_told(
        endpoint,
        &["nowhere.invalid:8080", "lookup"],
        Duration::from_secs(20),
    );
}

#[test]
fn a_silent_server_is_waited_for_three_times() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = silent.local_addr().expect("an address").to_string();
    is_told(
        &format!("http://{server}"),
        &[&server, "timed out"],
        Duration::from_secs(45),
    );
}

/// A server that answers each request with these bytes and hangs up.
fn server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            let _it_may_be_gone = (&stream).write_all(answer);
            let _it_may_be_gone = stream.shutdown(Shutdown::Both);
        }
    });
    format!("http://{address}")
}

#[test]
fn a_server_that_is_no_aws_is_told_in_a_message_of_ours() {
    let answers: [&'static [u8]; 6] = [
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<html>hi</html>",
        b"HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<html>no</html>",
        b"HTTP/1.1 302 Found\r\nlocation: http://login.invalid/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"",
    ];
    for answer in answers {
        is_told(
            &server(answer),
            &["answe", "AWS_ENDPOINT_URL"],
            Duration::from_secs(20),
        );
    }
}

#[test]
fn an_endpoint_that_is_no_url_is_told() {
    for endpoint in ["nonsense", "http://", "http://a b"] {
        is_told(endpoint, &["AWS_ENDPOINT_URL"], Duration::from_secs(15));
    }
}

/// What a proxy was asked for, a request's first line each.
type Asked = Arc<Mutex<Vec<String>>>;

/// A proxy: tunnels what is asked for with CONNECT, and forwards everything else to `origin`, whoever it is for.
fn proxy(origin: String) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = Asked::default();
    let heard = Arc::clone(&asked);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (origin, heard) = (origin.clone(), Arc::clone(&heard));
            std::thread::spawn(move || serve(client, &origin, &heard));
        }
    });
    (format!("http://{address}"), asked)
}

/// One connection to the proxy; it ends when either side does.
fn serve(mut client: TcpStream, origin: &str, heard: &Asked) -> Option<()> {
    let head = head(&mut client)?;
    let first = head.lines().next()?.to_owned();
    heard.lock().ok()?.push(first.clone());
    let mut server = match first.strip_prefix("CONNECT ") {
        Some(rest) => {
            let server = TcpStream::connect(rest.split(' ').next()?).ok()?;
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
            server
        }
        None => {
            let mut server = TcpStream::connect(origin).ok()?;
            server.write_all(head.as_bytes()).ok()?;
            server
        }
    };
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ended = copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    copy(&mut server, &mut client).ok()?;
    client.shutdown(Shutdown::Write).ok()
}

/// The head of a request, up to the empty line.
fn head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    String::from_utf8(head).ok()
}

/// The address of the sandbox, `host:port`.
fn origin(world: &World) -> String {
    let endpoint = world.sandbox().endpoint();
    endpoint.trim_start_matches("http://").to_owned()
}

#[test]
fn plain_requests_go_through_the_proxy_but_for_those_that_are_exempt() {
    let world = world();
    for name in ["HTTP_PROXY", "http_proxy"] {
        let (proxy, asked) = proxy(origin(&world));
        let (ran, _) = plan(
            &world,
            &[
                (name, &proxy),
                ("AWS_ENDPOINT_URL", "http://aws.invalid:8080"),
            ],
        );
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.said());
        let asked = asked.lock().expect("no panic").clone();
        let absolute = |line: &String| line.contains(" http://aws.invalid:8080/");
        assert!(!asked.is_empty() && asked.iter().all(absolute), "{asked:?}");
    }
    for name in ["NO_PROXY", "no_proxy"] {
        let (proxy, asked) = proxy(origin(&world));
        let (ran, _) = plan(
            &world,
            &[("HTTP_PROXY", &proxy), (name, "example.com,127.0.0.1")],
        );
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.said());
        assert_eq!(*asked.lock().expect("no panic"), [""; 0], "{name}");
    }
}

#[test]
fn a_proxy_that_is_down_is_told_with_the_variable_that_names_it() {
    let world = world();
    let environment = [
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL", "http://aws.invalid:8080"),
    ];
    let (ran, _) = plan(&world, &environment);
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(
        ran.err.contains("aws.invalid:8080") && ran.err.contains("HTTP_PROXY"),
        "{}",
        ran.said()
    );
}

fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
}

/// The sandbox behind TLS, with a certificate of a private authority.
fn behind_tls(world: &World) -> String {
    let certificate = CertificateDer::from_pem_file(pem("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(pem("server.key")).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let origin = origin(world);
    block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, origin) = (acceptor.clone(), origin.clone());
                tokio::spawn(async move {
                    let mut client = acceptor.accept(client).await?;
                    let mut server = tokio::net::TcpStream::connect(origin).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        format!("https://localhost:{port}")
    })
}

#[test]
fn a_private_authority_is_trusted_where_it_is_named_and_reached_through_a_tunnel() {
    let world = world();
    let endpoint = behind_tls(&world);
    let ca = pem("ca.pem").display().to_string();
    let (untrusted, _) = plan(&world, &[("AWS_ENDPOINT_URL", &endpoint)]);
    assert_eq!(untrusted.code, Some(1), "{}", untrusted.said());
    assert!(
        untrusted.err.contains("certificate"),
        "{}",
        untrusted.said()
    );

    let trusting = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_CA_BUNDLE", &ca),
    ];
    let (trusted, _) = plan(&world, &trusting);
    assert_eq!(trusted.code, Some(0), "{}", trusted.said());

    for name in ["HTTPS_PROXY", "https_proxy"] {
        let (proxy, asked) = proxy(origin(&world));
        let (ran, _) = plan(&world, &[trusting[0], trusting[1], (name, &proxy)]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.said());
        let asked = asked.lock().expect("no panic").clone();
        let tunnel = |line: &String| line.starts_with("CONNECT localhost:");
        assert!(!asked.is_empty() && asked.iter().all(tunnel), "{asked:?}");
    }

    let absent = ("AWS_CA_BUNDLE", "absent.pem");
    let (plain, _) = plan(&world, &[absent]);
    assert_eq!(plain.code, Some(0), "{}", plain.said());
    let (ran, _) = plan(&world, &[trusting[0], absent]);
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(
        ran.err.contains("AWS_CA_BUNDLE") && ran.err.contains("absent.pem"),
        "{}",
        ran.said()
    );
}
