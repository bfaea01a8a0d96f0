package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// pkg is one package of a release.
type pkg struct {
	path    string
	types   map[string]*declaration
	group   string // of its kinds
	version string
}

// declaration is one type, with what is needed to resolve the types that it uses.
type declaration struct {
	name    string
	pkg     *pkg
	expr    ast.Expr
	imports map[string]string // path by name, of the file
	wrapped bool              // a list that is a message of its own in protobuf
}

// sources are the packages of one release, by import path.
type sources map[string]*pkg

// load reads the modules of a release, through the module proxy and Go's cache.
func load(release string) (sources, error) {
	all := sources{}
	for module, dirs := range modules {
		root, err := download(module + "@" + release)
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			err := filepath.WalkDir(filepath.Join(root, dir), func(p string, d fs.DirEntry, err error) error {
				if err != nil || !d.IsDir() {
					return err
				}
				if d.Name() == "testdata" || d.Name() == "applyconfigurations" {
					return fs.SkipDir
				}
				rel, err := filepath.Rel(root, p)
				if err != nil {
					return err
				}
				return all.parse(p, path.Join(module, filepath.ToSlash(rel)))
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// download returns the directory of a module.
func download(module string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	var m struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &m); jsonErr != nil {
		return "", errors.Join(err, jsonErr)
	}
	if m.Dir == "" {
		return "", errors.New(m.Error)
	}
	return m.Dir, nil
}

// parse reads the Go files of a directory that people have written.
func (s sources) parse(dir, importPath string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	p := &pkg{path: importPath, types: map[string]*declaration{}}
	for _, file := range files {
		base := filepath.Base(file)
		if strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated") || strings.HasPrefix(base, "generated") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if err := p.file(f); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if len(p.types) > 0 {
		s[importPath] = p
	}
	return nil
}

func (p *pkg) file(f *ast.File) error {
	imports := map[string]string{}
	for _, i := range f.Imports {
		target, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		name := path.Base(target)
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = target
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				doc := g.Doc.Text()
				for _, c := range []*ast.CommentGroup{g.Doc, spec.Doc} {
					if c == nil {
						continue
					}
					for _, line := range c.List {
						doc += line.Text
					}
				}
				p.types[spec.Name.Name] = &declaration{
					name: spec.Name.Name, pkg: p, expr: spec.Type, imports: imports,
					wrapped: strings.Contains(doc, "+protobuf.nullable=true"),
				}
			case *ast.ValueSpec:
				p.value(spec)
			}
		}
	}
	return nil
}

// value finds the constant GroupName and the version in SchemeGroupVersion.
func (p *pkg) value(spec *ast.ValueSpec) {
	for i, name := range spec.Names {
		if i >= len(spec.Values) {
			return
		}
		switch v := spec.Values[i].(type) {
		case *ast.BasicLit:
			if name.Name == "GroupName" {
				p.group, _ = strconv.Unquote(v.Value)
			}
		case *ast.CompositeLit:
			if name.Name != "SchemeGroupVersion" {
				continue
			}
			for _, e := range v.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				lit, ok := kv.Value.(*ast.BasicLit)
				if ok && kv.Key.(*ast.Ident).Name == "Version" {
					p.version, _ = strconv.Unquote(lit.Value)
				}
			}
		}
	}
}

// named finds the declaration of a type that an expression names, if it names one.
func (s sources) named(d *declaration, e ast.Expr) (*declaration, error) {
	switch e := e.(type) {
	case *ast.Ident:
		return d.pkg.types[e.Name], nil // nil for a builtin type
	case *ast.SelectorExpr:
		target := d.imports[e.X.(*ast.Ident).Name]
		p := s[target]
		if p == nil || p.types[e.Sel.Name] == nil {
			return nil, fmt.Errorf("%s.%s uses %s.%s, which is not known", d.pkg.path, d.name, target, e.Sel.Name)
		}
		return p.types[e.Sel.Name], nil
	}
	return nil, nil
}
