package usage

import "strings"

// Part is a directory or a key, and the largest of what is in it. A directory
// whose only content is another one is left out: that one takes its place.
type Part struct {
	Name  string // whole, or its first 512 bytes
	Dir   bool
	Sum   Sum
	Parts []Part // the largest first; none of a key
	Rest  Sum    // of what is in it and in none of Parts
}

// Label is the part's name without that of the part that it is in.
func (p Part) Label(above string) string {
	if label := strings.TrimPrefix(p.Name, above); label != "" {
		return label
	}
	return p.Name
}

// maxName is how much of a name a part keeps, in bytes.
const maxName = 512

// Shorten returns a copy of as much of a key's name as a [Part] keeps.
func Shorten(name string) string { return strings.Clone(name[:min(len(name), maxName)]) }

// Parts keeps the largest parts of a tree by bytes: of each directory so many,
// and so many directories deep. Its memory is proportional to these and to the
// depth of the walk, and not to the number of keys.
type Parts struct {
	Width  int // parts of one directory
	Height int // directories in one another, those left out not counted

	open []*Most[Part] // of each open directory, the prefix first
}

// Divide makes a walk find the largest parts. [Parts.Of] has them when the walk
// has finished.
func (w *Walk) Divide(p *Parts) {
	p.begin(Node{})
	w.Begin = p.begin
	w.Key = func(n Node, _ string) {
		if in := p.top(); in.Takes(n.Sum.Bytes) {
			in.Add(Part{Name: Shorten(n.Name), Sum: n.Sum})
		}
	}
	w.End = func(n Node, _ string) {
		ended := p.Of(n)
		p.open = p.open[:len(p.open)-1]
		p.top().Add(ended)
	}
}

func (p *Parts) begin(Node) {
	p.open = append(p.open, &Most[Part]{N: p.Width, By: func(p Part) int64 { return p.Sum.Bytes }, Name: func(p Part) string { return p.Name }})
}

func (p *Parts) top() *Most[Part] { return p.open[len(p.open)-1] }

// Of returns the directory that has ended last, with its parts: the prefix, after
// [Walk.Finish].
func (p *Parts) Of(n Node) Part {
	found := p.top().All()
	if len(found) == 1 && found[0].Sum == n.Sum {
		return found[0]
	}
	all := Part{Name: Shorten(n.Name), Dir: true, Sum: n.Sum, Rest: n.Sum}
	for _, one := range found {
		all.Rest.sub(one.Sum)
		all.Parts = append(all.Parts, one.cut(p.Height-1))
	}
	return all
}

// cut returns the part with as many directories in one another.
func (p Part) cut(height int) Part {
	if height <= 0 {
		p.Parts, p.Rest = nil, p.Sum
		return p
	}
	for i := range p.Parts {
		p.Parts[i] = p.Parts[i].cut(height - 1)
	}
	return p
}

func (s *Sum) sub(o Sum) {
	s.Keys -= o.Keys
	s.Bytes -= o.Bytes
	s.Versions -= o.Versions
}
