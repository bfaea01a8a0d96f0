package ctlv2

import (
	"etcdkit/keyspace/transfer"
	"etcdkit/printer"
)

// copied is the result of a copy.
type copied struct{ transfer.Summary }

// Simple prints a line of v2, one of v3 and one of both.
func (c copied) Simple(t *printer.Text) {
	t.Printf("v2 at index %d: %d keys, %d directories, %d of them empty\n", c.Index, c.Keys, c.Dirs, c.Empty)
	written := "written"
	if c.DryRun {
		written = "to be written"
	}
	t.Printf("v3: %d %s, %d equal, %d skipped, %d expired, %d failed, %d done before, %d left\n",
		c.Written, written, c.Equal, c.Skipped, c.Expired, c.Failed, c.Before, c.Left)
	if v := c.Verified; v != nil {
		t.Printf("verified: %d equal, %d kept, %d different, %d changed since, %d expired since\n",
			v.Equal, v.Kept, v.Different, v.Changed, v.Expired)
	}
}

// JSON prints an object.
func (c copied) JSON(t *printer.Text) { appendJSON(t, c.Summary) }
