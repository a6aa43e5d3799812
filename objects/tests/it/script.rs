//! An HTTP server that gives the answers of a script, one per request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Script {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What of a request matters here.
struct Request {
    line: String,
    mark: Option<String>,
}

impl Script {
    /// Stands in an answer for the mark that the request before it carried.
    pub(crate) const MARK: &str = "THE-MARK";

    /// Answers each request with the next status and headers, and is gone after the last.
    pub(crate) fn play(answers: Vec<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, asked) =
            (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<_>>>::default());
        let answers: Vec<String> = answers.into_iter().map(str::to_owned).collect();
        let lines = Arc::clone(&asked);
        thread::spawn(move || {
            let mut mark = String::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let request = receive(&mut stream);
                lines.lock().unwrap().push(request.line);
                mark = request.mark.unwrap_or(mark);
                let answer = answer.replace(Self::MARK, &mark);
                let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                write!(stream, "HTTP/1.1 {answer}{end}").unwrap();
            }
        });
        Self { port, asked }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Method and path of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn receive(stream: &mut TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| {
        let mut headers = head.iter().filter_map(|line| line.split_once(':'));
        let found = headers.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    reader.read_exact(&mut vec![0; length]).unwrap();
    let line = head[0].rsplit_once(' ').unwrap().0.to_owned();
    Request { line, mark: header("x-amz-meta-headwater-put") }
}
