package v2tree

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"etcdkit/internal/output"
)

// line is a node as a line of JSON. docs/v2-export.md is its contract; names
// and meaning are those of the v2 interface.
type line struct {
	Key           string     `json:"key"`
	Value         *string    `json:"value,omitempty"` // of a key, even if it is empty
	Dir           bool       `json:"dir,omitempty"`
	Hidden        bool       `json:"hidden,omitempty"`
	Expiration    *time.Time `json:"expiration,omitempty"`
	TTL           *int64     `json:"ttl,omitempty"`
	CreatedIndex  uint64     `json:"createdIndex"`
	ModifiedIndex uint64     `json:"modifiedIndex"`
}

// Count is how much was written.
type Count struct {
	Keys, Dirs, Hidden int
}

// Write writes the tree as JSON lines, in the order of Walk. TTLs are relative
// to now.
func (t *Tree) Write(ctx context.Context, w io.Writer, now time.Time) (Count, error) {
	var n Count
	buf := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	err := t.Walk(func(at Node) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n.add(at)
		return enc.Encode(lineOf(at, now))
	})
	if err == nil {
		err = buf.Flush()
	}
	return n, err
}

// Save is Write to the file at path, which is replaced only when the new one is
// complete.
func (t *Tree) Save(ctx context.Context, path string, now time.Time) (_ Count, err error) {
	f, err := output.Create(ctx, path)
	if err != nil {
		return Count{}, err
	}
	defer func() { err = errors.Join(err, f.Abort()) }()
	n, err := t.Write(ctx, f, now)
	if err != nil {
		return n, err
	}
	return n, f.Commit()
}

func (n *Count) add(at Node) {
	if at.Dir {
		n.Dirs++
	} else {
		n.Keys++
	}
	if at.Hidden {
		n.Hidden++
	}
}

func lineOf(at Node, now time.Time) line {
	l := line{Key: at.Key, Dir: at.Dir, Hidden: at.Hidden, CreatedIndex: at.Created, ModifiedIndex: at.Modified}
	if !at.Dir {
		l.Value = &at.Value
	}
	if !at.Expiration.IsZero() {
		utc := at.Expiration.UTC()
		left := utc.Sub(now)
		seconds := int64(left / time.Second)
		if left%time.Second > 0 { // rounded up, as the server does
			seconds++
		}
		l.Expiration, l.TTL = &utc, &seconds
	}
	return l
}
