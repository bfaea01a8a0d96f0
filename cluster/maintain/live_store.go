package maintain

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/cluster"
)

// testKey begins the name of a test write's key; random letters follow.
const testKey = "etcdkit-alarm-recover-"

// Compact implements [Store].
func (l *Live) Compact(ctx context.Context, rev int64) error {
	_, err := anyone(ctx, l, l.Tell, func(ctx context.Context, c *clientv3.Client, _ string) (*clientv3.CompactResponse, error) {
		resp, err := c.Compact(ctx, rev, clientv3.WithCompactPhysical())
		if errors.Is(err, rpctypes.ErrCompacted) {
			return resp, nil
		}
		return resp, err
	})
	return err
}

// Disarm implements [Store].
func (l *Live) Disarm(ctx context.Context) error {
	_, err := anyone(ctx, l, l.Ask, func(ctx context.Context, c *clientv3.Client, _ string) (*clientv3.AlarmResponse, error) {
		list, err := c.AlarmList(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range list.Alarms {
			if a.GetAlarm() != pb.AlarmType_NOSPACE {
				continue
			}
			if _, err := c.AlarmDisarm(ctx, &clientv3.AlarmMember{MemberID: a.GetMemberID(), Alarm: a.GetAlarm()}); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
	return err
}

// TryWrite implements [Store].
func (l *Live) TryWrite(ctx context.Context, m *Member) error {
	key := testKey + rand.Text()
	return cluster.AskOne(ctx, l.Ask, cluster.Target{m.Endpoint}, func(ctx context.Context, c *clientv3.Client, _ string) (*clientv3.TxnResponse, error) {
		made, err := c.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).Then(clientv3.OpPut(key, "")).Commit()
		if err != nil {
			return nil, err
		}
		gone, err := c.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", made.Header.GetRevision())).Then(clientv3.OpDelete(key)).Commit()
		if err != nil {
			return nil, fmt.Errorf("the key %s was written and could not be deleted: %w", key, err)
		}
		return gone, nil
	}).Err
}
