// Reads a folder that licet wrote with an independent implementation, golang.org/x/mod/sumdb.
//
// usage: oracle FOLDER LOG_VKEY WITNESS_VKEY
//
// The folder is a C2SP tlog-tiles log (checkpoint, tile/L/N, tile/entries/N) with proof files beside it
// (proofs/*.tlog-proof, proofs/*.consistency). Exit 0 and "ok" when every file holds; else exit 1 and
// the first thing that does not. Only the file formats are read here by hand; hashes, tiles, trees,
// proofs and notes are x/mod's.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: oracle FOLDER LOG_VKEY WITNESS_VKEY")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func check(folder, logKey, witnessKey string) error {
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return fmt.Errorf("log key: %w", err)
	}
	witness, err := newCosigner(witnessKey)
	if err != nil {
		return fmt.Errorf("witness key: %w", err)
	}
	raw, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(raw, log, witness)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	reader := tlog.TileHashReader(tree, folderTiles(folder))
	leaves, err := checkEntries(folder, tree, reader)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	return checkProofs(folder, raw, tree, leaves, reader)
}

// openCheckpoint demands both lines, the log's and the witness's.
func openCheckpoint(raw []byte, log, witness note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(raw, note.VerifierList(log, witness))
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(opened.Sigs) != 2 {
		return tlog.Tree{}, fmt.Errorf("%d known signatures, expected 2", len(opened.Sigs))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != log.Name() {
		return tlog.Tree{}, errors.New("not three lines of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// checkEntries hashes every entry and compares it with the tile's hash, which the reader has authenticated.
func checkEntries(folder string, tree tlog.Tree, reader tlog.HashReader) ([]tlog.Hash, error) {
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, errors.New("the tiles lead to another root")
	}
	var leaves []tlog.Hash
	var places []int64
	for first := int64(0); first < tree.N; first += 1 << height {
		width := min(tree.N-first, 1<<height)
		tile := tlog.Tile{H: height, L: 0, N: first >> height, W: int(width)}
		data, err := os.ReadFile(filepath.Join(folder, strings.Replace(path(tile), "tile/0/", "tile/entries/", 1)))
		if err != nil {
			return nil, err
		}
		for range width {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, errors.New("a bundle is cut short")
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			places = append(places, tlog.StoredHashIndex(0, int64(len(leaves))))
			leaves = append(leaves, tlog.RecordHash(data[2:end]))
			data = data[end:]
		}
		if len(data) != 0 {
			return nil, errors.New("a bundle has bytes left over")
		}
	}
	stored, err := reader.ReadHashes(places)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(stored, leaves) {
		return nil, errors.New("an entry is not the one that was hashed into its tile")
	}
	return leaves, nil
}

// checkProofs verifies each proof file, and that x/mod would have made the same hashes.
func checkProofs(folder string, checkpoint []byte, tree tlog.Tree, leaves []tlog.Hash, reader tlog.HashReader) error {
	files, err := filepath.Glob(filepath.Join(folder, "proofs", "*"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no proof files: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		head, tail, found := bytes.Cut(raw, []byte("\n\n"))
		if !found || !bytes.Equal(tail, checkpoint) {
			return fmt.Errorf("%s: another checkpoint", filepath.Base(file))
		}
		lines := strings.Split(string(head), "\n")
		if filepath.Ext(file) == ".consistency" {
			err = checkConsistency(lines, tree, reader)
		} else {
			err = checkInclusion(lines, tree, leaves, reader)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return nil
}

func checkInclusion(lines []string, tree tlog.Tree, leaves []tlog.Hash, reader tlog.HashReader) error {
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	index, hashes, err := numbered("index ", lines[1:])
	if err != nil {
		return err
	}
	if index >= tree.N {
		return errors.New("the index is outside the tree")
	}
	if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, index, leaves[index]); err != nil {
		return err
	}
	own, err := tlog.ProveRecord(tree.N, index, reader)
	if err == nil && !slices.Equal(own, hashes) {
		err = errors.New("x/mod makes another proof")
	}
	return err
}

func checkConsistency(lines []string, tree tlog.Tree, reader tlog.HashReader) error {
	old, hashes, err := numbered("old ", lines)
	if err != nil {
		return err
	}
	oldRoot, err := tlog.TreeHash(old, reader)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(hashes, tree.N, tree.Hash, old, oldRoot); err != nil {
		return err
	}
	own, err := tlog.ProveTree(tree.N, old, reader)
	if err == nil && !slices.Equal(own, hashes) {
		err = errors.New("x/mod makes another proof")
	}
	return err
}

func numbered(word string, lines []string) (int64, []tlog.Hash, error) {
	text, found := strings.CutPrefix(lines[0], word)
	number, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil {
		return 0, nil, fmt.Errorf("no line %q", word)
	}
	var hashes []tlog.Hash
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, err
		}
		hashes = append(hashes, hash)
	}
	return number, hashes, nil
}

// folderTiles serves a folder in the layout of C2SP, which leaves out the height x/mod writes.
type folderTiles string

func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

func (folder folderTiles) Height() int { return height }

func (folder folderTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(folder), path(tile)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path(tile), len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (folder folderTiles) SaveTiles([]tlog.Tile, [][]byte) {}

// cosigner verifies C2SP tlog-cosignature lines of type 0x04, which x/mod does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not name+id+key")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != 0x04 {
		return nil, errors.New("not a key of type 0x04")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), raw...))
	hash := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("the id is of another key")
	}
	return &cosigner{name: parts[0], hash: hash, key: raw[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func (c *cosigner) Verify(body, line []byte) bool {
	if len(line) != 8+ed25519.SignatureSize {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(line), body)
	return ed25519.Verify(c.key, []byte(message), line[8:])
}
