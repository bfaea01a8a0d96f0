package ctl

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

// checkTidy is how long deleting, compacting or defragmenting may take after a
// check, as upstream has it, unless --command-timeout is given.
const checkTidy = 30 * time.Second

// tidying returns a context for one of those. It continues when ctx has ended:
// an interrupted check deletes its keys.
func (c *check) tidying(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := checkTidy
	if c.app.conn.TimeoutGiven() {
		limit = c.app.conn.Timeout()
	}
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}

// deleteKeys deletes the keys of a check that has made so many puts, and
// returns the revision of that.
func (c *check) deleteKeys(ctx context.Context, puts int) (rev int64, err error) {
	for _, r := range checkRanges(c.opts.prefix, puts) {
		if rev, err = c.deleteRange(ctx, r[0], r[1]); err != nil {
			return 0, err
		}
	}
	return rev, nil
}

func (c *check) deleteRange(ctx context.Context, key, end string) (int64, error) {
	ctx, cancel := c.tidying(ctx)
	defer cancel()
	resp, err := c.clients[0].Delete(ctx, key, clientv3.WithRange(end))
	if err != nil {
		return 0, err
	}
	return resp.Header.GetRevision(), nil
}

// interrupted deletes the keys of a check that was interrupted. It waits for
// nothing else.
func (c *check) interrupted(ctx context.Context, puts int) {
	fmt.Fprintln(cli.Visible(c.app.streams.Err), "Interrupted, deleting the keys written so far")
	if _, err := c.deleteKeys(ctx, puts); err != nil {
		fmt.Fprintf(cli.Visible(c.app.streams.Err), "Keys with the prefix %q are left: %v\n", c.opts.prefix, c.clients[0].Explain(err))
	}
}

// finish compacts and defragments, as asked for.
func (c *check) finish(ctx context.Context, rev int64) error {
	if c.opts.autoCompact && rev > 0 {
		if err := c.compact(ctx, rev); err != nil {
			return err
		}
	}
	if !c.opts.autoDefrag {
		return nil
	}
	for _, endpoint := range c.dialer.Endpoints() {
		if err := c.defragment(ctx, endpoint); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) compact(ctx context.Context, rev int64) error {
	if err := c.print("Compacting with revision %d", rev); err != nil {
		return err
	}
	ctx, cancel := c.tidying(ctx)
	defer cancel()
	if _, err := c.clients[0].Compact(ctx, rev, clientv3.WithCompactPhysical()); err != nil {
		return c.clients[0].Explain(err)
	}
	return c.print("Compacted with revision %d", rev)
}

func (c *check) defragment(ctx context.Context, endpoint string) error {
	if err := c.print("Defragmenting %q", endpoint); err != nil {
		return err
	}
	ctx, cancel := c.tidying(ctx)
	defer cancel()
	if _, err := c.clients[0].Defragment(ctx, endpoint); err != nil {
		return c.clients[0].Explain(err)
	}
	return c.print("Defragmented %q", endpoint)
}
