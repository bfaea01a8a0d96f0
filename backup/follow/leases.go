package follow

import (
	"cmp"
	"context"
	"slices"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/backup/increment"
)

// leases are the leases of a cluster as they were asked for last.
type leases struct{ byID map[int64]increment.Lease }

const (
	leasesInFlight = 8
	// leasesAgain is how many known leases are asked for their time again at a
	// flush, those that were asked longest ago first. New ones are always asked.
	leasesAgain = 500
)

// poll asks a server for its leases. If it can't, the source is Unknown.
func (f *follower) poll(ctx context.Context, s *Server) ([]increment.Lease, increment.LeaseSource) {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTime)
	defer cancel()
	all, err := s.Lease.LeaseLeases(ctx, &pb.LeaseLeasesRequest{})
	if err != nil {
		return nil, increment.Unknown
	}
	known := f.leases.byID
	now := make(map[int64]increment.Lease, len(all.Leases))
	var ask, again []int64
	for _, l := range all.Leases {
		if old, ok := known[l.ID]; ok {
			now[l.ID] = old
			again = append(again, l.ID)
		} else {
			ask = append(ask, l.ID)
		}
	}
	slices.SortFunc(again, func(a, b int64) int { return now[a].Asked.Compare(now[b].Asked) })
	ask = append(ask, again[:min(len(again), leasesAgain)]...)
	if !f.times(ctx, s, ask, now) {
		return nil, increment.Unknown
	}
	f.leases.byID = now
	list := make([]increment.Lease, 0, len(now))
	for _, l := range now {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b increment.Lease) int { return cmp.Compare(a.ID, b.ID) })
	return list, increment.Polled
}

// times asks for the times of leases, several at once, and enters them. It reports
// whether all were answered.
func (f *follower) times(ctx context.Context, s *Server, ids []int64, into map[int64]increment.Lease) bool {
	todo := make(chan int64)
	var mu sync.Mutex
	var wait sync.WaitGroup
	good := true
	for range min(leasesInFlight, len(ids)) {
		wait.Go(func() {
			for id := range todo {
				r, err := s.Lease.LeaseTimeToLive(ctx, &pb.LeaseTimeToLiveRequest{ID: id})
				at := f.now()
				mu.Lock()
				switch {
				case err != nil:
					good = false
				case r.GrantedTTL <= 0 || r.TTL < 0: // it has expired meanwhile
					delete(into, id)
				default:
					into[id] = increment.Lease{ID: id, Granted: r.GrantedTTL, Remaining: r.TTL, Asked: at}
				}
				mu.Unlock()
			}
		})
	}
	for _, id := range ids {
		todo <- id
	}
	close(todo)
	wait.Wait()
	return good
}
