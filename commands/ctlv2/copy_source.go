package ctlv2

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	client "go.etcd.io/etcd/client/v2"

	"etcdkit/keyspace/transfer"
)

// longestTree is how long reading a tree may take if --timeout and
// --total-timeout don't allow more: it is one answer, whatever its size.
const longestTree = 2 * time.Minute

// copySource reads the tree to be copied.
type copySource struct {
	session *session
	names   transfer.Names
	hidden  []string // to be copied as well
	limit   time.Duration
}

// noting returns read, which on its first call also reports the nodes that will
// not be copied unchanged.
func (c *copySource) noting(note func(string)) func(context.Context) (*transfer.Tree, error) {
	first := true
	return func(ctx context.Context) (*transfer.Tree, error) {
		tree, err := c.read(ctx)
		if err != nil || !first {
			return tree, err
		}
		first = false
		if tree.Unclear > 0 {
			note(strconv.Itoa(tree.Unclear) + " values hold U+FFFD: if they were bytes that are no text, v2 does not tell which")
		}
		hidden, err := c.hiddenKeys(ctx, tree.Index)
		for _, key := range hidden {
			note(fmt.Sprintf("Hidden, and not copied: %s (--hidden %s copies it)", key, key))
		}
		if err != nil && ctx.Err() == nil {
			note("Hidden keys could not be looked for: " + explain(err).Error())
			err = nil
		}
		return tree, err
	}
}

// read reads the tree, and each hidden key that was asked for.
func (c *copySource) read(ctx context.Context) (*transfer.Tree, error) {
	tree := &transfer.Tree{}
	for i, key := range append([]string{c.names.From}, c.hidden...) {
		until, err := c.endOf(ctx, path.Dir(key))
		if err != nil {
			return nil, serverFailure(err)
		}
		resp, err := c.get(ctx, key, client.GetOptions{Recursive: true, Quorum: true})
		if err != nil {
			return nil, serverFailure(err)
		}
		if i == 0 {
			tree.Cluster, tree.Index = resp.ClusterID, resp.Index
		}
		tree.Add(resp.Node, c.names, time.Now(), until)
	}
	tree.Sort()
	return tree, nil
}

// get reads a key or a directory.
func (c *copySource) get(ctx context.Context, key string, o client.GetOptions) (*client.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	resp, err := client.NewKeysAPI(c.session).Get(ctx, key, &o)
	return resp, check(resp, err)
}

// endOf returns when a directory expires, with the first of its parents, or
// zero. v2 returns nothing about a directory that must not be read.
func (c *copySource) endOf(ctx context.Context, dir string) (time.Time, error) {
	var until time.Time
	for ; dir != "/"; dir = path.Dir(dir) {
		resp, err := c.get(ctx, dir, client.GetOptions{Quorum: true})
		if code(err) == client.ErrorCodeUnauthorized {
			continue
		}
		if err != nil {
			return until, err
		}
		if n := resp.Node; n.Expiration != nil {
			if end := time.Now().Add(n.TTLDuration()); until.IsZero() || end.Before(until) {
				until = end
			}
		}
	}
	return until, nil
}

// code returns v2's code of an error, or 0.
func code(err error) int {
	if e := (client.Error{}); errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// historyPause is how long to wait for an event that would already exist.
const historyPause = 5 * time.Second

// hiddenKeys returns the hidden keys below the tree that are not copied, as far
// as they can be known. v2 lists none; but the server's history of the last
// thousand changes, which it keeps for watchers, has theirs as well. up to is
// the index to read it to.
func (c *copySource) hiddenKeys(ctx context.Context, upTo uint64) ([]string, error) {
	found, seen := []string(nil), make(map[string]bool)
	w := &wait{key: "/", index: 1, recursive: true}
	for w.index <= upTo {
		event, err := c.past(ctx, w)
		if event == nil {
			return found, err
		}
		key := hiddenIn(event.Node.Key, append([]string{c.names.From}, c.hidden...))
		if key == "" || seen[key] {
			continue
		}
		seen[key] = true
		_, err = c.get(ctx, key, client.GetOptions{})
		switch code(err) {
		case client.ErrorCodeKeyNotFound, client.ErrorCodeUnauthorized:
			continue
		}
		if err != nil {
			return found, err
		}
		found = append(found, key)
	}
	return found, nil
}

// past returns the next event of the history, or nil at its end.
func (c *copySource) past(ctx context.Context, w *wait) (*client.Response, error) {
	limited, cancel := context.WithTimeout(ctx, historyPause)
	defer cancel()
	event, err := w.next(limited, c.session)
	if code(err) == client.ErrorCodeEventIndexCleared {
		// The cause names the oldest there is.
		cleared := client.Error{}
		if _, bad := fmt.Sscanf(causeOf(err, &cleared), "the requested history has been cleared [%d/", &w.index); bad != nil {
			return nil, nil
		}
		event, err = w.next(limited, c.session)
	}
	if limited.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return event, err
}

func causeOf(err error, e *client.Error) string {
	errors.As(err, e)
	return e.Cause
}

// hiddenIn returns the first hidden part of the path to a key, starting at the
// longest of the tops that contain it, "" if there is none.
func hiddenIn(key string, tops []string) string {
	top := ""
	for _, t := range tops {
		if t = strings.TrimSuffix(t, "/") + "/"; strings.HasPrefix(key, t) && len(t) > len(top) {
			top = t
		}
	}
	if top == "" {
		return ""
	}
	for i := len(top); i < len(key); {
		end := len(key)
		if n := strings.IndexByte(key[i:], '/'); n >= 0 {
			end = i + n
		}
		if key[i] == '_' {
			return key[:end]
		}
		i = end + 1
	}
	return ""
}
