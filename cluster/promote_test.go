package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// promoter refuses a number of times.
type promoter struct {
	clientv3.Cluster
	refusals int
	with     error
}

func (p *promoter) MemberPromote(context.Context, uint64) (*clientv3.MemberPromoteResponse, error) {
	if p.refusals--; p.refusals >= 0 {
		return nil, p.with
	}
	return &clientv3.MemberPromoteResponse{}, nil
}

func TestPromote(t *testing.T) {
	t.Parallel()
	behind := rpctypes.ErrMemberLearnerNotReady
	for _, tt := range []struct {
		name     string
		refusals int
		with     error
		wait     time.Duration
		err      error
		took     time.Duration
	}{
		{"in sync", 0, nil, 0, nil, 0},
		{"not in sync, not waited for", 1, behind, 0, behind, 0},
		{"in sync after a while", 3, behind, time.Minute, nil, 3 * time.Second},
		{"never in sync", 100, behind, 5 * time.Second, behind, 5 * time.Second},
		{"another error", 1, rpctypes.ErrMemberNotLearner, time.Minute, rpctypes.ErrMemberNotLearner, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			start, pauses := time.Now(), 0
			p := Promotion{Timeout: time.Second, Wait: tt.wait, Behind: func() { pauses++ }}
			_, err := p.Promote(t.Context(), &promoter{refusals: tt.refusals, with: tt.with}, 1)
			if !errors.Is(err, tt.err) || time.Since(start) != tt.took || pauses != int(tt.took/time.Second) {
				t.Errorf("%s: error %v after %v and %d pauses", tt.name, err, time.Since(start), pauses)
			}
		})
	}
}

func TestPromoteInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		p := Promotion{Timeout: time.Second, Wait: time.Hour, Behind: func() { cancel(enough) }}
		if _, err := p.Promote(ctx, &promoter{refusals: 9, with: rpctypes.ErrMemberLearnerNotReady}, 1); !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
	})
}
