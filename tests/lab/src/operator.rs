//! An operator's customer system of a few lines: hears what it is told, over plain HTTP on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What was said to it: path and body.
type Heard = Arc<Mutex<Vec<(String, String)>>>;

/// Listens on a port of its own as long as the process lives.
pub struct CustomerSystem {
    /// For `Operator.callback`.
    pub url: String,
    heard: Heard,
}

impl CustomerSystem {
    /// Answers everything with this HTTP status; not at all if it is 0.
    pub fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Heard::default();
        let for_threads = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = for_threads.clone();
                std::thread::spawn(move || serve(stream, status, &heard));
            }
        });
        Self { url, heard }
    }

    /// What it has been told so far: path and body.
    pub fn heard(&self) -> Vec<(String, String)> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until so many calls have arrived.
    #[track_caller]
    pub fn wait_for(&self, calls: usize) -> Vec<(String, String)> {
        let start = Instant::now();
        while self.heard().len() < calls {
            assert!(start.elapsed() < Duration::from_secs(30), "{:?} instead of {calls} calls", self.heard());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.heard()
    }
}

fn serve(stream: TcpStream, status: u16, heard: &Heard) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            head.push(line.to_ascii_lowercase());
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length:"));
        let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        let path = head[0].split(' ').nth(1).unwrap_or_default().to_string();
        heard.lock().unwrap().push((path, String::from_utf8(body).unwrap()));
        if status == 0 {
            std::thread::sleep(Duration::from_secs(60));
        }
        let answer = format!("HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\n\r\n");
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
