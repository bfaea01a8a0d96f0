package bundle

import (
	"etcdkit/keyspace/usage"
	"etcdkit/report/inventory"
)

// total is the sum of some keys.
type total struct {
	Keys     int64 `json:"keys"`
	Bytes    int64 `json:"bytes"`
	Versions int64 `json:"versions"`
}

// part is a prefix or a key with the largest of what is in it.
type part struct {
	Name   string `json:"name"`
	Prefix bool   `json:"prefix"`
	total
	Parts []part `json:"parts,omitempty"`
	Rest  *total `json:"rest,omitempty"` // of what is in it and in none of its parts
}

// oneKey is a key without its value.
type oneKey struct {
	Name     string `json:"name"`
	Bytes    int64  `json:"bytes"`
	Versions int64  `json:"versions"`
	Kept     int64  `json:"kept_at_most"`
}

// depth is how many keys have so many versions in the history, at most.
type depth struct {
	From int64 `json:"from"`
	To   int64 `json:"to,omitempty"`
	Keys int64 `json:"keys"`
}

// Keys adds usage.json and history.json.
func (b *Bundle) Keys(all *inventory.Inventory) error {
	usage := struct {
		Revision  int64    `json:"revision"`
		Prefix    string   `json:"prefix"`
		Separator string   `json:"separator"`
		Total     total    `json:"total"`
		Tree      part     `json:"tree"`
		Largest   []oneKey `json:"largest_keys"`
		Written   []oneKey `json:"most_written_keys"`
	}{
		Revision: all.Head.Revision, Prefix: b.Names.Of(all.Prefix), Separator: all.Separator, Total: total(all.Total),
		Tree: b.part(all.Tree), Largest: b.keys(all.Largest), Written: b.keys(all.MostWritten),
	}
	if err := b.JSON("usage.json", "bytes, keys and versions by prefix; the largest and the most written keys", usage); err != nil {
		return err
	}
	history := struct {
		Revision  int64   `json:"revision"`
		Compacted *int64  `json:"compact_revision"` // null if it is not known
		Kept      int64   `json:"versions_kept_at_most"`
		Depths    []depth `json:"keys_by_versions"`
	}{Revision: all.Head.Revision, Kept: all.Kept}
	if all.HistoryErr == nil {
		history.Compacted = &all.Head.CompactRevision
	}
	for _, d := range all.Depths {
		history.Depths = append(history.Depths, depth(d))
	}
	return b.JSON("history.json", "how far the history reaches back, and how many versions keys have in it", history)
}

func (b *Bundle) part(p usage.Part) part {
	all := part{Name: b.Names.Of(p.Name), Prefix: p.Dir, total: total(p.Sum)}
	for _, one := range p.Parts {
		all.Parts = append(all.Parts, b.part(one))
	}
	if len(all.Parts) > 0 && p.Rest.Keys > 0 {
		rest := total(p.Rest)
		all.Rest = &rest
	}
	return all
}

func (b *Bundle) keys(some []inventory.Key) []oneKey {
	all := []oneKey{}
	for _, k := range some {
		all = append(all, oneKey{b.Names.Of(k.Name), k.Bytes, k.Versions, k.Kept})
	}
	return all
}
