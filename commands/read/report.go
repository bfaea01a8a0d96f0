package read

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/report/inventory"
	"etcdkit/report/page"
)

// KeysFlags say of which keys the report and the bundle of both programs tell.
type KeysFlags struct {
	Prefix, Separator string
}

// AddTo adds the flags.
func (f *KeysFlags) AddTo(cmd *cobra.Command) { separatorFlag(cmd.Flags(), &f.Separator) }

// Arguments reads the prefix, and checks the flags.
func (f *KeysFlags) Arguments(cmd *cobra.Command, args []string) (err error) {
	if f.Prefix, err = prefixArg(cmd, args); err != nil {
		return err
	}
	return checkSeparator(f.Separator)
}

// Inventory reads all keys that the flags name, and shows the progress.
func (f *KeysFlags) Inventory(ctx context.Context, s *cli.Streams, src keyspace.Source, o inventory.Options) (*inventory.Inventory, error) {
	progress := s.Progress("read", cli.Items)
	defer progress.Done()
	o.Prefix, o.Separator = f.Prefix, f.Separator
	o.Progress = func(keys int64) { progress.Set(keys, 0) }
	return inventory.Read(ctx, src, o)
}

// LeaseFacts reads how many leases there are, and describes those that have most
// of the counted keys. The inventory may be nil.
func LeaseFacts(ctx context.Context, from Leases, s *inventory.Inventory) (*page.Leases, error) {
	all, err := from.Leases(ctx)
	if err != nil {
		return nil, err
	}
	facts := &page.Leases{Count: int64(len(all.GetLeases()))}
	if s == nil {
		return facts, nil
	}
	facts.Keys, facts.Many = s.Leases.Keys, s.Leases.Many
	for _, l := range s.Leases.Largest {
		one := page.Lease{ID: strconv.FormatUint(uint64(l.ID), 16), Keys: l.Keys, Granted: -1, Left: -1} //nolint:gosec // as lease list writes it
		ttl, err := from.TimeToLive(ctx, &etcdserverpb.LeaseTimeToLiveRequest{ID: l.ID})
		if err != nil {
			return nil, err
		}
		if ttl.GetTTL() >= 0 { // otherwise it has ended since
			one.Granted, one.Left = time.Duration(ttl.GetGrantedTTL())*time.Second, time.Duration(ttl.GetTTL())*time.Second
		}
		facts.Some = append(facts.Some, one)
	}
	return facts, nil
}

// KeyDetails returns the facts of an inventory, and of the leases, that a report
// begins with. Both may be nil.
func KeyDetails(s *inventory.Inventory, leases *page.Leases) (all []page.Detail) {
	if s != nil {
		all = append(all, page.Detail{Name: "keys", Value: humanize.Comma(s.Total.Keys), Note: page.Size(s.Total.Bytes)},
			page.Detail{Name: "revision", Value: humanize.Comma(s.Head.Revision), Note: compacted(s)})
		if s.Prefix != "" {
			all = slices.Insert(all, 0, page.Detail{Name: "keys with the prefix", Value: s.Prefix})
		}
	}
	if leases != nil {
		all = append(all, page.Detail{Name: "leases", Value: humanize.Comma(leases.Count)})
	}
	return all
}

func compacted(s *inventory.Inventory) string {
	switch rev := s.Head.CompactRevision; {
	case s.HistoryErr != nil:
		return ""
	case rev == 0:
		return "never compacted"
	default:
		return fmt.Sprintf("compacted at %s", humanize.Comma(rev))
	}
}
