package ctl

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// putter is a client that a load is put through.
type putter interface {
	Do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error)
}

// putters are the clients as a load takes them.
func (c *check) putters() []putter {
	var all []putter
	for _, client := range c.clients {
		all = append(all, client)
	}
	return all
}

// checkLoad is a stream of puts of random keys.
type checkLoad struct {
	prefix             string
	keySize, valueSize int           // in bytes; the prefix comes on top
	rate               int           // puts per second at most; 0: as many as are answered
	puts               int           // in all; 0: until the context ends
	timeout            time.Duration // of one put
	spread             bool          // the times of the puts are kept
	progress           func(puts int)
}

// run puts the load through the clients, each of which makes one put at a time.
// It begins no more puts when ctx ends, and waits for those under way.
func (l *checkLoad) run(ctx context.Context, clients []putter) *checkStats {
	stats := &checkStats{errors: make(map[string]int)}
	if l.spread {
		stats.spread = make(map[time.Duration]int)
	}
	ops := make(chan clientv3.Op, len(clients))
	var workers sync.WaitGroup
	start := time.Now()
	for _, c := range clients {
		workers.Go(func() {
			for op := range ops {
				begun := time.Now()
				err := l.put(ctx, c, op)
				l.progress(stats.add(time.Since(begun), err))
			}
		})
	}
	l.feed(ctx, ops)
	close(ops)
	workers.Wait()
	stats.total = time.Since(start)
	return stats
}

func (l *checkLoad) put(ctx context.Context, c putter, op clientv3.Op) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.timeout)
	defer cancel()
	_, err := c.Do(ctx, op)
	return err
}

// feed sends the puts at their rate.
func (l *checkLoad) feed(ctx context.Context, ops chan<- clientv3.Op) {
	p := pacer{next: time.Now()}
	if l.rate > 0 {
		p.pause = time.Second / time.Duration(l.rate)
	}
	key, value := make([]byte, l.keySize), string(make([]byte, l.valueSize))
	for n := 0; l.puts == 0 || n < l.puts; n++ {
		if !p.wait(ctx) {
			return
		}
		binary.PutVarint(key, rand.Int64N(math.MaxInt64))
		select {
		case <-ctx.Done():
			return
		case ops <- clientv3.OpPut(l.prefix+string(key), value):
		}
	}
}

// pacer keeps a rate. What a short delay has cost it makes good.
type pacer struct {
	pause time.Duration
	next  time.Time
}

// pacerDebt is the longest time that a pacer lags behind. Timers are not exact
// enough for the fraction of a millisecond between two puts of a large load.
const pacerDebt = 10 * time.Millisecond

// wait waits until it is time, and reports whether ctx has not ended before.
func (p *pacer) wait(ctx context.Context) bool {
	now := time.Now()
	if p.next.Before(now.Add(-pacerDebt)) {
		p.next = now.Add(-pacerDebt)
	}
	if wait := p.next.Sub(now); wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
		}
	}
	p.next = p.next.Add(p.pause)
	return ctx.Err() == nil
}

const (
	// checkSlice is up to how many keys are deleted by one request. A server
	// gives a request up that takes seconds.
	checkSlice = 20_000
	// checkFirst to checkLast are the possible values of the first byte of a
	// key after the prefix, in steps of two: the lowest seven bits of an even
	// number, and the mark that more follow.
	checkFirst, checkLast = 0x80, 0xfe
)

// checkRanges returns the ranges to delete after so many puts: all keys with
// the prefix in one, or in slices by the first byte after it.
func checkRanges(prefix string, puts int) [][2]string {
	from, end := prefix, clientv3.GetPrefixRangeEnd(prefix)
	if prefix == "" {
		from, end = "\x00", "\x00" // as the API spells all keys
	}
	if puts <= checkSlice {
		return [][2]string{{from, end}}
	}
	var ranges [][2]string
	for b := checkFirst + 2; b <= checkLast; b += 2 {
		next := prefix + string([]byte{byte(b)})
		ranges = append(ranges, [2]string{from, next})
		from = next
	}
	return append(ranges, [2]string{from, end})
}
