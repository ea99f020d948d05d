/* What the server does at its instants. Included by session.pml. */

/* ---- intake.ts */

inline finish(x, serial, kind) {
  my.finished = my.finished | bitOf(serial);
  if
  :: my.inbox[serial] -> my.untold = my.untold | bitOf(serial)
  :: else
  fi;
  kind = kind | bitOf(serial);
#ifdef BUG_ACK_COVERS_RUNNING
  my.handled = (serial > my.handled -> serial : my.handled);
#endif
  do
  :: my.finished & bitOf(my.handled + 1) -> my.handled++; my.finished = my.finished & ~bitOf(my.handled)
  :: else -> break
  od
}
inline forgetResults(x, serial) {
  my.refusals = my.refusals & ~upTo(serial);
  my.replies = my.replies & ~upTo(serial);
  my.doubts = my.doubts & ~upTo(serial);
  my.untold = my.untold & ~upTo(serial)
}
inline receive(x, l, serial, message, isAgain) {
  promise(fenced, l == my.incarnation && l == my.link);
  if
#ifdef BUG_DUPLICATE_TAKEN_IN
  :: serial <= my.received && my.received == N
  :: serial <= my.received && my.received < N ->
    my.received++;
    my.inbox[my.received] = message;
    my.again[my.received] = isAgain
#else
  :: serial <= my.received ->
    my.untold = my.untold | (kept(x) & bitOf(serial));
    my.told = (my.told < serial -> my.told : serial - 1)
#endif
  :: serial == my.received + 1 ->
    my.received = serial;
    my.inbox[serial] = message;
    my.again[serial] = isAgain;
    seen[message] = message != 0;
    promise(not_sent_means_unseen, message == 0 || outcome[message] != NOT_SENT)
  /* Held, for good: no hole is ever filled on a link that delivers in order. */
  :: else
  fi
}

/* ---- contact.ts, hub.ts, sessions.ts */

inline sayBye(l, code) {
  dead = dead || isNewest(l);
  loseUp(l);
  if
  :: reaches(l) && len(down(l)) < 2 -> down(l)!bye(code, 0, 0, 0, 0, 0)
  :: else
  fi
}
inline clear(x) {
  my.place = 0; my.link = 0; my.incarnation = 0;
  my.received = 0; my.started = 0; my.handled = 0; my.told = 0;
  my.finished = 0; my.refusals = 0; my.replies = 0; my.doubts = 0; my.untold = 0;
  other = 1;
  do
  :: other <= N -> my.inbox[other] = 0; my.again[other] = 0; other++
  :: else -> break
  od
}
inline attach(x, l, incarnationOf) {
  if
  :: my.place == ATTACHED && my.link <= LINKS -> other = my.link; sayBye(other, TAKEN_OVER)
  :: my.place == ATTACHED && my.link == TWIN -> promise(no_eviction_loop, !barred)
  :: else
  fi;
  my.place = ATTACHED;
  my.link = l;
  my.incarnation = incarnationOf
}
/* As frames carry them: the results of these serials. */
#define results(x, of) (sessions[x].refusals & (of)), (sessions[x].replies & (of)), (sessions[x].doubts & (of))
/* A new session, named x like its link; former: the tombstone, or 0. */
inline open(x, former) {
  attach(x, x, x);
  sessionOf[x] = x;
  if
  :: !reaches(x)
#ifndef BUG_TOMBSTONE_IGNORED
  :: reaches(x) && former ->
    down(x)!welcome(x, FORMER, sessions[former].handled, results(former, 255))
  :: reaches(x) && !former -> down(x)!welcome(x, NEW, 0, 0, 0, 0)
#else
  :: reaches(x) -> down(x)!welcome(x, NEW, 0, 0, 0, 0)
#endif
  fi
}
/* A welcome, and directly after it one ack with all that is kept (§4.3). */
inline resume(x, l, settledSerial) {
  promise(no_false_protocol_error, settledSerial <= my.handled);
  forgetResults(x, settledSerial);
  attach(x, l, l);
  sessionOf[l] = x;
#ifdef BUG_DEDUPE_FORGOTTEN_ON_RESUME
  my.received = 0; my.started = 0; my.handled = 0;
#endif
  if
  :: reaches(l) ->
    down(l)!welcome(x, RESUMED, my.received, 0, 0, 0);
    down(l)!ack(0, 0, my.handled, results(x, 255))
  :: else
  fi;
  my.told = my.handled;
  my.untold = 0
}
/* l says hello: the highest incarnation wins, at this instant (§4.4). */
inline greet(l, session, settledSerial) {
  if
  :: session && isLiving(session) ->
    if
#ifndef BUG_STALE_HELLO_ACCEPTED
    :: l <= sessions[session].incarnation -> sayBye(l, STALE)
#endif
    :: else -> resume(session, l, settledSerial)
    fi
  :: session && sessions[session].place == GONE -> open(l, session)
  :: else -> open(l, 0)
  fi
}
/* Whatever comes on a link that is not the session's any more is ignored. */
#define isCurrent(l) (sessionOf[l] && sessions[sessionOf[l]].place == ATTACHED && sessions[sessionOf[l]].link == l)
#ifdef BUG_NO_FENCE
#define isHeard(l) (sessionOf[l] && isLiving(sessionOf[l]))
#else
#define isHeard(l) isCurrent(l)
#endif
inline take(l) {
  if
  :: type == hello -> greet(l, f1, f2)
  :: else ->
    if
    :: isHeard(l) ->
      value = sessionOf[l];
      if
      :: type == send -> receive(value, l, f1, f2, f3)
      :: type == void -> receive(value, l, f1, 0, 0)
      :: type == settled -> promise(no_false_protocol_error, f1 <= sessions[value].handled); forgetResults(value, f1)
      fi
    :: else
    fi
  fi
}

/* ---- uplink.ts */

#define isExcused(m, marked) (excused[m] == LEFT || (excused[m] == LOST && marked))
#define isLate(m) ((m < 2 && starts[2]) || (m < 3 && starts[3]))
inline startNext(x) {
  value = my.started + 1;
  my.started = value;
  which = my.inbox[value];
  if
  :: which == 0 -> finish(x, value, other)
#ifdef AT_MOST_ONCE
#ifndef BUG_STARTED_AGAIN
  :: which && my.again[value] -> finish(x, value, my.doubts)
#endif
  :: else ->
    promise(handler_started_once, !starts[which]);
#else
  :: which ->
    /* A second start is marked as redelivered, and happens only where the record of the first is lost. */
    promise(handler_started_once, !starts[which] || (which != ONCE && isExcused(which, my.again[value])));
#endif
    promise(order_kept, (value < 2 || my.inbox[1] < which) && (value < 3 || my.inbox[2] < which));
    promise(order_kept, starts[which] || excused[which] == LEFT || !isLate(which));
    starts[which] = 1;
    excused[which] = (excused[which] == LEFT -> LEFT : 0)
  fi
}
inline record(x, serial) {
  which = my.inbox[serial];
  recorded[which] = 1;
  if
  :: which == REFUSED -> finish(x, serial, my.refusals)
  :: else -> finish(x, serial, my.replies)
  fi
}
#define isUnderWay(x, serial) (sessions[x].handled < serial && serial <= sessions[x].started)
#define isRunning(x, serial) (isUnderWay(x, serial) && !(sessions[x].finished & bitOf(serial)))
#ifdef CONCURRENT
#define mayStart(x) (sessions[x].started < sessions[x].received)
#else
#define mayStart(x) (sessions[x].started < sessions[x].received && sessions[x].started == sessions[x].handled)
#endif
#ifdef BUG_ACK_BEFORE_RECORD
#define ackable(x) sessions[x].received
#else
#define ackable(x) sessions[x].handled
#endif
#define isTalking(x) (sessions[x].place == ATTACHED && sessions[x].link != TWIN)
#define hasNews(x) (isTalking(x) && (sessions[x].told < ackable(x) || sessions[x].untold))
inline tell(x) {
  if
  :: reaches(my.link) ->
    down(my.link)!ack(0, 0, ackable(x), results(x, my.untold))
  :: else
  fi;
  my.told = ackable(x);
#ifdef BUG_RESULT_FORGOTTEN_WHEN_TOLD
  forgetResults(x, ackable(x));
#endif
  my.untold = 0
}
inline excuseAll() {
  other = 1;
  do
  :: other <= N ->
    if
    :: excused[other] != LEFT -> excused[other] = (starts[other] -> LOST : 0)
    :: else
    fi;
    other++
  :: else -> break
  od;
  skip
}
