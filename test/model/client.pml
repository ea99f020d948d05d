/* What the client does at its instants. Included by session.pml. */

/* ---- outbox.ts */

inline settle(m, how) {
  if
#ifdef BUG_SETTLES_TWICE
  :: outcome[m] -> promise(settled_once, false)
#else
  :: outcome[m]
#endif
  :: else ->
    promise(acknowledged_means_recorded, how != ACKNOWLEDGED || (recorded[m] && m != REFUSED));
    promise(rejected_means_refused, how != REJECTED || (recorded[m] && m == REFUSED));
    promise(not_sent_means_unseen, how != NOT_SENT || !seen[m]);
    outcome[m] = how
  fi
}
inline consume(m, how) {
  serialOf[m] = 0;
  settle(m, how)
}
/* Its serial has not been acknowledged, even if the user has given it up. */
#ifdef BUG_ABORTED_COUNTS_AS_SETTLED
#define owes(m) (inUse(m) && !outcome[m])
#else
#define owes(m) inUse(m)
#endif
#define isAt(m, serial) (owes(m) && serialOf[m] == serial)
#define isOwed(serial) (isAt(1, serial) || isAt(2, serial) || isAt(3, serial))
/* Into value: the last serial up to which everything has its outcome and is not owed any more. */
inline findSettled() {
  value = lastSerial;
  each = 1;
  do
  :: each <= N ->
    if
    :: owes(each) && serialOf[each] <= value -> value = serialOf[each] - 1
    :: else
    fi;
    each++
  :: else -> break
  od
}
/* A serial up to `serial` without a result was handled and returned nothing (§6.3). */
inline acknowledge(serial, refusals, replies, doubts) {
  promise(no_false_protocol_error, serial <= lastSerial);
  each = 1;
  do
  :: each <= N ->
    if
    :: !inUse(each)
    :: inUse(each) ->
      value = bitOf(serialOf[each]);
      if
      :: refusals & value -> consume(each, REJECTED)
      :: replies & value -> consume(each, ACKNOWLEDGED)
      #ifdef BUG_IN_DOUBT_COUNTS_AS_REJECTED
      :: doubts & value -> consume(each, REJECTED)
#else
      :: doubts & value -> consume(each, IN_DOUBT)
#endif
      :: else ->
        if
        :: serialOf[each] <= serial -> consume(each, ACKNOWLEDGED)
        :: else
        fi
      fi
    fi;
    each++
  :: else -> break
  od
}
/* What is left of the former session goes first, under its old id and a new serial (§6.5). */
inline restartOutbox() {
  each = 1;
  do
  :: each <= N ->
    if
    :: inUse(each) && outcome[each] -> serialOf[each] = 0
    :: inUse(each) && !outcome[each] ->
      redelivered[each] = 1;
#ifndef BUG_SERIALS_KEPT_AFTER_RESTART
      serialOf[each] = 0;
#endif
#ifndef BUG_ONCE_SENT_AGAIN
      if
      :: each == ONCE -> consume(each, IN_DOUBT)
      :: else
      fi
#else
      skip
#endif
    :: else
    fi;
    each++
  :: else -> break
  od;
#ifndef BUG_SERIALS_KEPT_AFTER_RESTART
  lastSerial = 0
#endif
}
inline beginLink(serial) {
  findSettled();
  nextSerial = (value > serial -> value : serial) + 1;
#ifdef SETTLES
  toldSettled = value
#else
  skip
#endif
}
#define isWaiting(m) (!inUse(m) && !outcome[m])
#define hasMore (nextSerial <= lastSerial || (sentCount < WINDOW && (isWaiting(1) || isWaiting(2) || isWaiting(3))))
#define isNew(m) (isWaiting(m) && !redelivered[m])
#define hasNew (isNew(1) || isNew(2) || isNew(3))
/* Into which: the message to put on the link next, or 0. */
inline findNext() {
  which = 0;
  each = 1;
  if
  :: nextSerial <= lastSerial ->
    do
    :: each <= N ->
      if
      :: serialOf[each] == nextSerial -> which = each
      :: else
      fi;
      each++
    :: else -> break
    od
  :: else ->
    do
    :: each <= N && which == 0 ->
      if
#ifdef BUG_REDELIVERED_GOES_LAST
      :: isWaiting(each) && (!redelivered[each] || sentCount || !hasNew) -> which = each
#else
      :: isWaiting(each) -> which = each
#endif
      :: else
      fi;
      each++
    :: else -> break
    od
  fi
}
/* The message's name for ever (§6.1). */
#ifdef IDS
inline giveId(m) {
  if
  :: idOf[m] == 0 ->
#ifdef BUG_SESSION_NAME_REUSED
    idOf[m] = 16 + lastSerial;
#else
    idOf[m] = 16 * token + lastSerial;
#endif
    each = 1;
    do
    :: each <= N -> promise(ids_unique, each == m || idOf[each] != idOf[m]); each++
    :: else -> break
    od
  :: else
  fi
}
#else
#define giveId(m)
#endif
inline transmit() {
  findNext();
  if
  :: which == 0 && nextSerial <= lastSerial -> nextSerial++
  :: which == 0 && nextSerial > lastSerial
  :: which != 0 ->
    if
    :: !inUse(which) -> lastSerial++; serialOf[which] = lastSerial; giveId(which)
    :: else
    fi;
    nextSerial = serialOf[which] + 1;
    if
    :: !outcome[which] -> up(link)!send(serialOf[which], which, redelivered[which])
#ifdef BUG_ABORTED_SERIAL_SKIPPED
    :: else
#else
    :: else -> up(link)!void(serialOf[which], 0, 0)
#endif
    fi
  fi
}

/* ---- client/src/session.ts: what the server says */

inline leaveLink() {
  loseDown(link);
  at = AWAY;
  dead = 0;
  nextSerial = 0;
  toldSettled = 0
}
inline hear() {
  if
  :: type == welcome ->
    if
    :: f2 == RESUMED -> promise(no_false_protocol_error, f3 <= lastSerial)
    :: f2 == FORMER -> acknowledge(f3, f4, f5, f6); restartOutbox(); f3 = 0
    :: else -> restartOutbox(); f3 = 0
    fi;
    token = f1;
    at = OPEN;
    beginLink(f3)
  :: type == ack -> acknowledge(f3, f4, f5, f6)
  :: type == bye ->
    leaveLink();
    if
    :: f1 == TAKEN_OVER ->
      /* A newer link of ours would have made this one old: it was a twin (§4.4). */
      promise(no_eviction_without_twin, TWINS > twins);
      barred = 1;
#ifndef BUG_TAKEN_OVER_RESUMES
      token = 0;
      each = 1;
      do
      :: each <= N ->
        if
        :: inUse(each) && !outcome[each] -> excused[each] = LEFT
        :: else
        fi;
        each++
      :: else -> break
      od
#endif
    :: else
    fi
  fi
}
