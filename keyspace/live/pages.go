package live

import (
	"context"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace/retry"
)

// segment is a part of the range that is not handed out yet. It is asked for by
// one request, or waits to be cut into such parts.
type segment struct {
	key, end string
	limit    int64
	begun    time.Time
	answer   chan answer // nil where nothing is asked for
}

type answer struct {
	resp *pb.RangeResponse
	err  error
}

// pages reads the rest of the range by plain requests. A server counts all keys
// of the range that a request names, so each request names a part that should
// hold about a page, estimated from the density of recent keys. A part that
// held more is split; an empty part makes the next one wider.
type pages struct {
	*scan
	density density
	average int64      // bytes of a key with its value; 0 where nothing is known
	want    int64      // keys of a request
	most    int64      // the limit of one, as answers that were too large have shown
	queue   []*segment // in order, no gaps between them
	empty   int        // answers without a key, since the last with one
	waste   int64      // keys that were counted and did not come
}

// maxWaste bounds the keys that are counted in vain when skipping empty
// regions, as a multiple of the keys to count. Keys in many distant places are
// then searched for in steps.
const maxWaste = 4

// pages is called when a part of the range has been handed out.
func (s *scan) pages(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if s.count < 0 {
		if err := s.countRest(ctx); err != nil {
			return err
		}
	}
	p := &pages{scan: s, most: s.pageKeys, queue: []*segment{{key: s.next(), end: s.End}}}
	p.resize(s.recent)
	if n := len(s.recent); n > 0 {
		p.density.learn(string(s.recent[0].GetKey()), string(s.last), p.want, s.recent)
	}
	p.begin(ctx)
	for len(p.queue) > 0 && !s.full(0) {
		if err := p.take(ctx); err != nil {
			return err
		}
	}
	return nil
}

// countRest finds out how many keys the range has, where no answer has told.
func (s *scan) countRest(ctx context.Context) error {
	return s.retry.Loop(ctx, func(ctx context.Context) error {
		req := s.request(s.next(), s.End, 0)
		req.CountOnly, req.KeysOnly = true, false
		resp, err := s.ask(ctx, req)
		s.count = s.done + resp.GetCount()
		return err
	})
}

// full reports whether n more keys reach the limit of the request.
func (s *scan) full(n int64) bool { return s.Limit > 0 && s.done+n >= s.Limit }

// resize sets the number of keys to ask for by the size of some. The bytes
// around a key and its value count as well.
func (p *pages) resize(kvs []*mvccpb.KeyValue) {
	const around = 16
	if n := int64(len(kvs)); n > 0 {
		p.average = size(kvs)/n + around
	}
	bytes, _ := p.pace.bytes()
	p.want = max(1, min(bytes/max(1, p.average), p.most/2))
}

// begin asks for the first parts of the queue, as many as may be under way, and
// in any case for the first.
func (p *pages) begin(ctx context.Context) {
	atOnce, limit := p.underWay, 2*p.want
	if _, slow := p.pace.bytes(); slow {
		atOnce, limit = 1, p.want
	}
	for i := 0; i < len(p.queue) && (i == 0 || i < atOnce); i++ {
		g := p.queue[i]
		if g.answer != nil {
			continue
		}
		if end := p.end(g); end != g.end {
			p.queue = slices.Insert(p.queue, i+1, &segment{key: end, end: g.end})
			g.end = end
		}
		g.limit = p.left(min(limit, p.most))
		g.begun, g.answer = time.Now(), make(chan answer, 1)
		go func(req *pb.RangeRequest, to chan<- answer) {
			resp, err := p.ask(ctx, req)
			to <- answer{resp, err}
		}(p.request(g.key, g.end, g.limit), g.answer)
	}
}

// end returns where the next request for the beginning of a part ends. In an
// empty region it is the end of the part, to find its first keys in one
// request, as long as that is not done too often.
func (p *pages) end(g *segment) string {
	if p.empty >= p.underWay && p.waste+p.count-p.done <= maxWaste*p.count {
		p.empty = 0
		return g.end
	}
	return p.density.end(g.key, g.end)
}

// take waits for the answer to the first part of the queue, requests the next
// part, and hands the answer out.
func (p *pages) take(ctx context.Context) error {
	g := p.queue[0]
	var a answer
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case a = <-g.answer:
	}
	g.answer = nil
	if a.err != nil {
		err := p.failed(ctx, g, a.err)
		p.begin(ctx)
		return err
	}
	kvs := a.resp.GetKvs()
	p.resize(kvs)
	p.waste += a.resp.GetCount() - int64(len(kvs))
	if p.empty++; len(kvs) > 0 {
		p.empty = 0
	}
	if a.resp.GetMore() {
		last := kvs[len(kvs)-1].GetKey()
		p.density.learn(string(kvs[0].GetKey()), string(last), p.want, kvs)
		g.key = after(last)
	} else {
		p.density.learn(g.key, g.end, p.want, kvs)
		p.queue = p.queue[1:]
	}
	if p.Limit > 0 {
		kvs = kvs[:min(int64(len(kvs)), p.Limit-p.done)]
	}
	if !p.full(int64(len(kvs))) {
		p.begin(ctx)
	}
	if len(kvs) == 0 {
		return nil
	}
	return p.hand(ctx, kvs, p.beyond())
}

// failed handles the failure of a part's request and schedules a retry. A
// returned error is final.
func (p *pages) failed(ctx context.Context, g *segment, err error) error {
	switch {
	case g.limit == 1 || !tooMuch(err):
	case retry.MessageTooLarge(err):
		p.most = max(1, g.limit/2)
		p.resize(nil)
		return nil
	case p.pace.late(g.begun):
		p.resize(nil)
		return nil
	}
	p.repeated = true
	return p.retry.Failed(ctx, g.begun, err)
}
