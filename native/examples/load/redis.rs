//! GET over a unix socket; calls that are under way on one connection are sent one behind the other.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

use crate::Failure;

type Waiting = Rc<RefCell<VecDeque<oneshot::Sender<bool>>>>;

#[derive(Clone)]
pub struct Redis {
    asked: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Waiting,
}

impl Redis {
    pub async fn connect(path: &str) -> Result<Self, Failure> {
        let (reading, writing) = UnixStream::connect(path).await?.into_split();
        let (asked, asking) = mpsc::unbounded_channel();
        let waiting = Waiting::default();
        tokio::task::spawn_local(write(writing, asking));
        tokio::task::spawn_local(read(reading, waiting.clone()));
        Ok(Self { asked, waiting })
    }

    pub async fn read(&self, user: &str) -> Result<(), Failure> {
        let (answered, answer) = oneshot::channel();
        self.waiting.borrow_mut().push_back(answered);
        self.asked.send(format!("*2\r\n$3\r\nGET\r\n${}\r\n{user}\r\n", user.len()).into_bytes())?;
        match answer.await {
            Ok(true) => Ok(()),
            _ => Err(format!("{user}: no answer").into()),
        }
    }
}

async fn write(mut to: OwnedWriteHalf, mut asking: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(mut some) = asking.recv().await {
        while let Ok(more) = asking.try_recv() {
            some.extend(more);
        }
        if to.write_all(&some).await.is_err() {
            return;
        }
    }
}

async fn read(from: OwnedReadHalf, waiting: Waiting) -> Option<()> {
    let mut from = BufReader::with_capacity(1 << 16, from);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        line.clear();
        from.read_line(&mut line).await.ok()?;
        // `$-1` is no such key; what begins otherwise is an error.
        let size = line.trim_end().strip_prefix('$')?.parse::<usize>().ok();
        if let Some(size) = size {
            body.resize(size + 2, 0);
            from.read_exact(&mut body).await.ok()?;
        }
        let _ = waiting.borrow_mut().pop_front()?.send(size.is_some());
    }
}
