package live

import (
	"context"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// skim reads a range whose caller skips keys, as ls skips the keys below a
// child, from a server that has no range streams; see skimStreams.
//
// A request is needed after each page in any case, so the next one begins at
// the first key that the caller wants. While pages end in the middle of many
// keys that are skipped, they are small; otherwise they grow, until few
// requests read all keys. A server counts all keys of the range that a request
// names, which takes a fiftieth of the time of reading them, so small pages are
// requested in parts of the range that hold a few pages.
//
// Measured with e2e/cmd/bench on 120,000 keys of each of its shapes, on 3.5, 3.6
// and 3.7, against one request for all keys of the prefix: docs/performance.md.
type skim struct {
	*scan
	limit  int64
	from   string
	end    string // of the part that from is in
	at     int    // the position at which children differ; 0 while all of the range is one part
	width  int    // of a part, in steps of which each is several times as wide as the last
	before []byte // the last key of the page before
	ahead  int64  // keys of the range that are not read or skipped yet, at most
}

const (
	leastKeys = 100     // of a page
	mostKeys  = 100_000 // of a page; their names are some MiB
	growth    = 4       // from one page to the next
	crowded   = 8       // pages in a part, from which parts become narrower
	cheap     = 5000    // keys that are counted in the time of a few requests
)

func (s *scan) skim(ctx context.Context, from string) error {
	k := &skim{scan: s, limit: leastKeys, from: from, end: s.End}
	for {
		var resp *pb.RangeResponse
		err := s.retry.Loop(ctx, func(ctx context.Context) (err error) {
			resp, err = s.ask(ctx, s.request(k.from, k.end, s.left(k.limit)))
			if tooMuch(err) && k.limit > 1 {
				return nil
			}
			s.repeated = s.repeated || err != nil
			return err
		})
		if err != nil {
			return err
		}
		if resp == nil { // too much
			k.limit = (k.limit + 9) / 10
			continue
		}
		over, err := k.take(ctx, resp)
		if err != nil || over {
			return err
		}
	}
}

// take hands out a page, and chooses where the next one begins. It reports
// whether it was the last.
func (k *skim) take(ctx context.Context, resp *pb.RangeResponse) (over bool, err error) {
	kvs, first := resp.GetKvs(), k.header == nil
	if first {
		k.count = resp.GetCount()
		if err := k.pin(resp); err != nil {
			return false, err
		}
	}
	if first || len(kvs) > 0 {
		if err := k.hand(ctx, kvs, k.beyond()); err != nil {
			return false, err
		}
	}
	if k.full(0) || !resp.GetMore() && k.end == k.End {
		return true, nil
	}
	k.advance(resp)
	return k.from == "" || k.End != "\x00" && k.from >= k.End, nil
}

// advance sets where the next page begins, how large it is, and the part that it
// is in.
func (k *skim) advance(resp *pb.RangeResponse) {
	count, limit := resp.GetCount(), k.limit
	if k.end == k.End {
		k.ahead = count - int64(len(resp.GetKvs()))
	}
	if resp.GetMore() {
		k.pass(resp.GetKvs())
	} else {
		k.from = k.end
	}
	switch {
	case k.from == "":
		return
	case k.at == 0 || k.ahead <= cheap:
		k.end = k.End
		return
	case limit > leastKeys && k.limit == leastKeys:
		k.width = 0
	case count < limit:
		k.width++
	case count > crowded*limit:
		k.width = max(0, k.width-1)
	case k.end == k.End || k.from < k.end:
		return
	}
	k.end = k.part()
}

// pass sets where the page after a full one begins and how large it is.
func (k *skim) pass(kvs []*mvccpb.KeyValue) {
	last := kvs[len(kvs)-1].GetKey()
	before := k.before
	k.before = last
	next := k.Skip(last)
	if next != "" && next <= string(last) {
		k.from, k.limit = after(last), min(growth*k.limit, mostKeys)
		return
	}
	k.from = next
	_, same := ending(kvs, k.Skip) // keys of the child that the page ends in
	if 2*same < len(kvs) {
		k.limit = min(growth*k.limit, mostKeys)
		return
	}
	k.limit = leastKeys
	if same < len(kvs) {
		before = kvs[len(kvs)-1-same].GetKey()
	}
	differ := 0
	for differ < min(len(next), len(before)) && next[differ] == before[differ] {
		differ++
	}
	k.at = max(1, differ, min(k.at, len(next)-2))
}

// part returns the end of the part that the next page is in: a key that differs
// from its first one where children do or, the wider it is, further to the left.
func (k *skim) part() string {
	least := 0
	if k.Key != "\x00" {
		least = len(k.Key)
	}
	for width := k.width; ; width++ {
		at := min(k.at-width/2, len(k.from)-1)
		if at < least || at < 0 {
			return k.End
		}
		step := 2
		if width%2 == 1 {
			step = 8
		}
		if b := int(k.from[at]) + step; b <= 0xff {
			end := k.from[:at] + string([]byte{byte(b)})
			if k.End != "\x00" && end >= k.End {
				return k.End
			}
			return end
		}
	}
}
