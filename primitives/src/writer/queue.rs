//! The writer's bounded queue: callers wait for a place, the writer takes all there is.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use event_listener::{Event, EventListener};

use super::{Request, closed};
use crate::error::{Error, Result};

pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    room: Event,
    capacity: usize,
}

struct State {
    requests: VecDeque<Request>,
    closed: bool,
    /// How many requests the writer sleeps for; `usize::MAX` while it is awake.
    wanted: usize,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Queue {
            state: Mutex::new(State {
                requests: VecDeque::new(),
                closed: false,
                wanted: usize::MAX,
            }),
            arrived: Condvar::new(),
            room: Event::new(),
            capacity: capacity.max(1),
        }
    }

    /// Puts `request` into the queue, or gives it back when there is no room.
    fn offer(&self, request: Request) -> Result<Option<Request>> {
        let wake = {
            let mut state = self.lock();
            if state.closed {
                return Err(closed());
            }
            if state.requests.len() >= self.capacity {
                return Ok(Some(request));
            }
            state.requests.push_back(request);
            state.requests.len() >= state.wanted
        };
        if wake {
            self.arrived.notify_one();
        }
        Ok(None)
    }

    /// Takes everything that waits, in order; blocks while there is nothing. `None` once the queue
    /// is closed and empty.
    pub(crate) fn take_all(&self) -> Option<VecDeque<Request>> {
        let mut state = self.lock();
        while state.requests.is_empty() {
            if state.closed {
                return None;
            }
            state.wanted = 1;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.wanted = usize::MAX;
        Some(self.drain(state))
    }

    /// Waits until `count` requests are there, at most `patience`.
    pub(crate) fn wait_for(&self, count: usize, patience: Duration) {
        let mut state = self.lock();
        state.wanted = count;
        let waiting = |state: &mut State| state.requests.len() < count && !state.closed;
        state = self
            .arrived
            .wait_timeout_while(state, patience, waiting)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        state.wanted = usize::MAX;
    }

    /// Takes what waits now, without blocking.
    pub(crate) fn take_ready(&self) -> VecDeque<Request> {
        let state = self.lock();
        self.drain(state)
    }

    fn drain(&self, mut state: MutexGuard<'_, State>) -> VecDeque<Request> {
        let taken = std::mem::take(&mut state.requests);
        drop(state);
        if !taken.is_empty() {
            // All of them: one that is never polled again must not keep the place of another.
            self.room.notify(usize::MAX);
        }
        taken
    }

    /// Refuses new requests; those accepted are still made.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
        self.room.notify(usize::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a place in the queue.
pub(crate) struct Accepting {
    queue: Arc<Queue>,
    request: Option<Request>,
    listener: Option<Pin<Box<EventListener>>>,
}

impl Accepting {
    pub(crate) fn new(queue: Arc<Queue>, request: Request) -> Self {
        Accepting { queue, request: Some(request), listener: None }
    }
}

impl Unpin for Accepting {}

impl Future for Accepting {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let Some(request) = self.request.take() else { return Poll::Ready(Ok(())) };
            match self.queue.offer(request) {
                Ok(None) => return Poll::Ready(Ok(())),
                Ok(Some(back)) => self.request = Some(back),
                Err(error) => return Poll::Ready(Err(error)),
            }
            match self.listener.as_mut() {
                // Listening starts before the next offer, so that no notification is missed.
                None => self.listener = Some(Box::pin(self.queue.room.listen())),
                Some(listener) => match listener.as_mut().poll(context) {
                    Poll::Ready(()) => self.listener = None,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}
