//! A server on the loopback that answers as a test has written it down, and tells what it was asked.
//!
//! It speaks just enough HTTP/1.1 to be asked, each connection on a thread of its own, and can do what a good server does not:
//! cut a connection in the middle of a reply, keep silent, or send without end.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How the server answers a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A status and a body.
    Status(u16, String),
    /// A file.
    File(Vec<u8>),
    /// A body of which only so many bytes are sent before the connection is cut.
    Cut(Vec<u8>, usize),
    /// Nothing, for so long; then the connection is closed.
    Silence(Duration),
    /// A body without end.
    Endless,
}

/// What the server is asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Beginning with a slash, its escapes resolved.
    pub path: String,
    /// What follows the question mark, its escapes resolved.
    pub query: String,
    /// Who asks, as the head of the request has it.
    pub authorization: Option<String>,
}

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server. `answer` is called with the number of requests before this one, and the query with its
    /// escapes resolved.
    ///
    /// # Errors
    /// When there is no loopback to listen at.
    pub fn start(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        let mut server = Self::of_files(move |number, request| answer(number, &request.query))?;
        server.url.push_str("/cgi-bin/ajax");
        Ok(server)
    }

    /// Starts a server that looks at all of a request.
    ///
    /// # Errors
    /// When there is no loopback to listen at.
    pub fn of_files(answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        listener.set_nonblocking(true)?;
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            // The connections end before the server does.
            std::thread::scope(|connections| {
                while !stopped.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok((stream, _)) => {
                            let (seen, answer, stopped) = (&seen, &answer, &stopped);
                            // A client that has gone away is no matter of the server's.
                            connections
                                .spawn(move || serve(&stream, seen, answer, stopped).unwrap_or_default());
                        }
                        Err(_) => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        });
        Ok(Self {
            url,
            asked,
            stop,
            thread: Some(thread),
        })
    }

    /// The folder in which the program lies.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The queries so far, their escapes resolved.
    pub fn asked(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.query).collect()
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    stream: &TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: impl Fn(usize, &Request) -> Answer,
    stopped: &AtomicBool,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let target = first.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        path: unescaped(path),
        query: unescaped(query),
        authorization: None,
    };
    for line in lines {
        let line = line?;
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                request.authorization = Some(value.to_owned());
            }
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    let number = {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(request.clone());
        seen.len() - 1
    };
    let mut out = stream;
    let mut head = |status: u16, length: usize| {
        write!(
            out,
            "HTTP/1.1 {status} Answer\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    match answer(number, &request) {
        Answer::Status(status, body) => {
            head(status, body.len())?;
            stream_all(stream, body.as_bytes())
        }
        Answer::File(body) => {
            head(200, body.len())?;
            stream_all(stream, &body)
        }
        Answer::Cut(body, sent) => {
            head(200, body.len())?;
            stream_all(stream, body.get(..sent).unwrap_or_default())
        }
        Answer::Silence(time) => {
            let end = std::time::Instant::now() + time;
            while std::time::Instant::now() < end && !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        }
        Answer::Endless => {
            write!(
                out,
                "HTTP/1.1 200 Answer\r\nConnection: close\r\n\r\n{{\"keywords\":["
            )?;
            let chunk = vec![b' '; 1 << 20];
            while !stopped.load(Ordering::Relaxed) {
                stream_all(stream, &chunk)?;
            }
            Ok(())
        }
    }
}

fn stream_all(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let escape = others
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = others.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
