/*
 * Sessions of Holdfast, as far as they carry messages up: links, takeover, serials, results, restarts, tombstones
 * (PROTOCOL.md §4-§6, §9). README.md says what each name stands for there, and what is left out.
 *
 * One client, one server, messages 1..N, given to the outbox in this order. The handler refuses REFUSED; ONCE must not be
 * sent in a second session; the user may abort ABORTED at any moment. -DBUG_... takes one guard away.
 */
#define N 3
#ifndef LINKS
#define LINKS 3
#endif
#ifndef WINDOW
#define WINDOW 2
#endif
/* Each costs the client at most one more link, so that the last one works: faults stop. */
#ifndef FAULTS
#define FAULTS (LINKS - 1)
#endif
#ifndef COPIES
#define COPIES 1
#endif
#ifndef TWINS
#define TWINS 0
#endif
#ifndef REFUSED
#define REFUSED 1
#endif
#ifndef ONCE
#define ONCE 2
#endif
#ifndef ABORTED
#define ABORTED 3
#endif

/*
 * Up: hello(session, settled), send(serial, message, redelivered), void(serial), settled(serial).
 * Down: welcome(session, kind, serial, results), ack(-, -, serial, results), bye(code); results by kind, a bit per serial.
 */
mtype = { hello, send, void, settled, welcome, ack, bye }
chan ups[LINKS] = [3] of { mtype, byte, byte, byte }
chan downs[LINKS] = [2] of { mtype, byte, byte, byte, byte, byte, byte }
#define up(l) ups[(l) - 1]
#define down(l) downs[(l) - 1]

/* Kinds of welcome. */
#define NEW 0
#define RESUMED 1
#define FORMER 2
/* Codes of bye. */
#define TAKEN_OVER 1
#define STALE 2

/* ---- What is promised. The names are never true, and no part of the state: they are read in the assertion that fails. */

#define promise(name, holds) assert((holds) || name)
hidden byte handler_started_once, order_kept, acknowledged_means_recorded, rejected_means_refused, not_sent_means_unseen
hidden byte settled_once, fenced, ids_unique, no_false_protocol_error, no_eviction_loop, no_eviction_without_twin, no_wedge

/* ---- The client (outbox.ts; session.ts and client.ts of the client) */

/* Outcomes. */
#define NONE 0
#define ACKNOWLEDGED 1
#define REJECTED 2
#define NOT_SENT 3
#define IN_DOUBT 4
/* Where the client is. */
#define AWAY 0
#define JOINING 1
#define OPEN 2

/* The incarnation of a link is its number; a session is named after the link whose hello made it. */
byte link, at, token, lastSerial, nextSerial, toldSettled
byte serialOf[N + 1], outcome[N + 1]
bit redelivered[N + 1], barred
byte faults = FAULTS, copies = COPIES, twins = TWINS

/* ---- The server (intake.ts; sessions.ts, hub.ts, contact.ts, uplink.ts) */

#define ATTACHED 1
#define DETACHED 2
#define GONE 3
#define TWIN (LINKS + 1)
typedef Session {
  byte place, link, incarnation;
  byte received, started, handled, told;
  /* A bit per serial: handlers that have finished above `handled`; results that are kept; those of them not told yet. */
  byte finished, refusals, replies, doubts, untold;
  /* By serial; message 0 is void. */
  byte inbox[N + 1];
  bit again[N + 1]
}
Session sessions[LINKS + 1]
#define my sessions[x]
/* Whose link it is, or was. */
byte sessionOf[LINKS + 1]
/* Nothing will come on the newest link any more: the client will notice in the end. */
bit dead
/* The second copy of a POST, still under way. */
byte copyOn, copyOf, copyMessage, copyAgain

/* ---- What has happened, for the properties */

bit seen[N + 1], starts[N + 1], recorded[N + 1]
/*
 * LOST: what was known of it is lost, so that the in-doubt rule may start it again, marked (§6.5).
 * LEFT: it is in a session that the client had to leave to a twin, and may be started there, too.
 */
#define LOST 1
#define LEFT 2
byte excused[N + 1]
#ifdef IDS
byte idOf[N + 1]
#endif

/* Scratch, within one step: each, some serial or session, some message, the frame at hand. */
hidden byte each, value, which, other, f1, f2, f3, f4, f5, f6
hidden mtype type

#define bitOf(serial) (1 << (serial))
#define upTo(serial) ((2 << (serial)) - 1)
#define inUse(m) (serialOf[m] != 0)
#define sentCount (inUse(1) + inUse(2) + inUse(3))
#define allSettled (outcome[1] && outcome[2] && outcome[3])
#define isLiving(x) (sessions[x].place == ATTACHED || sessions[x].place == DETACHED)
#define kept(x) (sessions[x].refusals | sessions[x].replies | sessions[x].doubts)

/* What the client listens to. */
#define isNewest(l) ((l) == link && at != AWAY)
/*
 * What arrives where nobody listens any more is ignored. With -DLATE it is kept, to arrive when it likes and be ignored;
 * without, it is taken away at once, which leaves fewer states.
 */
inline drain(queue) {
  do
  :: nempty(queue) -> queue?type, _, _, _
  :: empty(queue) -> break
  od
}
#ifdef LATE
#define reaches(l) true
#define loseUp(l) skip
#define loseDown(l) skip
#else
#define reaches(l) isNewest(l)
inline loseUp(l) {
  drain(up(l));
  sessionOf[l] = 0
}
inline loseDown(l) {
  do
  :: nempty(down(l)) -> down(l)?type, _, _, _, _, _, _
  :: empty(down(l)) -> break
  od
}
#endif

#include "client.pml"
#include "server.pml"

/* ---- The processes. Every step is one instant; between any two of them anything may happen. */

/* Both ends of link me as far as things arrive there, and session me. */
active [LINKS] proctype wire() {
  byte me = _pid + 1;
end:
  do
  :: d_step { nempty(up(me)) -> up(me)?type, f1, f2, f3; take(me) }
#if COPIES
  /* A POST is repeated, and its first copy arrives late (§5.2). */
  :: d_step { copies && up(me)?[send, f1, f2, f3] ->
      up(me)?type, f1, f2, f3;
      copies--;
      copyOn = me; copyOf = f1; copyMessage = f2; copyAgain = f3;
      take(me)
    }
  :: d_step { copyOn == me ->
      type = send; f1 = copyOf; f2 = copyMessage; f3 = copyAgain;
      copyOn = 0; copyOf = 0; copyMessage = 0; copyAgain = 0;
      take(me)
    }
#endif
  /* The client ignores what arrives on any link but its newest. */
  :: d_step { nempty(down(me)) ->
      down(me)?type, f1, f2, f3, f4, f5, f6;
      if
#ifdef BUG_CLIENT_HEARS_OLD_LINKS
      :: me < link || at != AWAY -> hear()
#else
      :: isNewest(me) -> hear()
#endif
      :: else
      fi
    }
  :: d_step { sessions[me].place != GONE && mayStart(me) -> startNext(me) }
  :: d_step { isRunning(me, 1) -> record(me, 1) }
  :: d_step { isRunning(me, 2) -> record(me, 2) }
  :: d_step { isRunning(me, 3) -> record(me, 3) }
  :: d_step { hasNews(me) && nfull(down(sessions[me].link)) -> tell(me) }
#ifdef EXPIRY
  /* The server sees link me end, or ends it. */
  :: d_step { isCurrent(me) && (!isNewest(me) || dead || faults) ->
      if
      :: isNewest(me) && !dead -> faults--
      :: else
      fi;
      dead = dead || isNewest(me);
      value = sessionOf[me];
      sessions[value].place = DETACHED;
      sessions[value].link = 0;
      loseUp(me)
    }
  /* The session expires, unless a handler runs; where nothing was handled there is nothing to tell. */
#ifdef BUG_BURIED_WHILE_RUNNING
  :: d_step { me == token && sessions[me].place == DETACHED ->
#else
  :: d_step { me == token && sessions[me].place == DETACHED && sessions[me].started == sessions[me].handled ->
#endif
      if
      :: sessions[me].handled -> sessions[me].place = GONE
      :: else -> clear(me)
      fi
    }
  /* So does the tombstone. */
  :: d_step { me == token && sessions[me].place == GONE -> clear(me); excuseAll() }
#endif
  od
}

active proctype client() {
end:
  do
  :: d_step { at == AWAY && link < LINKS ->
      link++;
      findSettled();
      up(link)!hello(token, (token -> value : 0), 0);
      at = JOINING
    }
  :: d_step { at == OPEN && nfull(up(link)) && hasMore -> transmit() }
#ifdef SETTLES
  :: d_step { at == OPEN && nfull(up(link)) && lastSerial > toldSettled && !isOwed(toldSettled + 1) ->
      findSettled();
      up(link)!settled(value, 0, 0);
      toldSettled = value
    }
#endif
  /* The link is dead, or seems so: what is on it may still arrive. */
  :: d_step { at != AWAY && link < LINKS && (dead || faults) ->
      if
      :: !dead -> faults--
      :: else
      fi;
      leaveLink()
    }
#if ABORTED
  /* The user gives up. */
  :: d_step { !outcome[ABORTED] ->
#ifdef BUG_ABORTED_ON_LINK_IS_NOT_SENT
      settle(ABORTED, NOT_SENT)
#else
      settle(ABORTED, (inUse(ABORTED) || redelivered[ABORTED] -> IN_DOUBT : NOT_SENT))
#endif
    }
#endif
  od
}

active proctype world() {
end:
  do
  /* The server dies, with whatever it runs; another takes its place and knows nothing. What it had said may still arrive. */
  :: d_step { faults ->
      faults--;
      each = 1;
      do
      :: each <= LINKS ->
        clear(each);
        if
        :: sessionOf[each] ->
          sessionOf[each] = 0;
          dead = dead || isNewest(each);
          drain(up(each))
        :: else
        fi;
        each++
      :: else -> break
      od;
      copyOn = 0; copyOf = 0; copyMessage = 0; copyAgain = 0;
      excuseAll()
    }
#if TWINS
  /* Somebody else has the token, and takes over. It sends nothing. */
  :: d_step { twins && faults > 1 && token && isLiving(token) ->
      twins--;
      faults = faults - 2;
      value = sessions[token].incarnation + 1;
      attach(token, TWIN, value)
    }
#endif
  /* Nothing can happen any more. */
  :: timeout -> promise(no_wedge, allSettled); break
  od
}
