package tour

import (
	"os"
	"testing"

	"etcdkit/e2e/refs"
)

// Page is a tutorial. Its fields are not to be changed while it runs.
type Page struct {
	File   string     // Markdown
	Refs   *refs.Refs // for the servers
	Ours   string     // directory of our programs
	Update bool       // write the actual output into the page
	// Enter waits until a chapter may run; nil for no limit.
	Enter func(*testing.T)
}

// Test runs each chapter of the page, after the text before the first chapter,
// and fails if the shell's output differs from the page.
func (p *Page) Test(t *testing.T) {
	text, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	chapters, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", p.File, err)
	}
	if len(chapters) == 1 {
		t.Fatalf("%s has no chapters", p.File)
	}
	t.Run("chapters", func(t *testing.T) {
		for _, c := range chapters[1:] {
			t.Run(c.title, func(t *testing.T) {
				t.Parallel()
				if p.Enter != nil {
					p.Enter(t)
				}
				g := newGuide(p, t.TempDir())
				defer g.end()
				for _, parts := range [][]part{chapters[0].parts, c.parts} {
					if err := g.run(t.Context(), parts); err != nil {
						t.Fatalf("%s: %v", p.File, err)
					}
				}
			})
		}
	})
	if p.Update && !t.Failed() {
		if err := os.WriteFile(p.File, []byte(render(chapters)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
