"""
Tests how the emulator unpacks the layers of an image.

https://github.com/opencontainers/image-spec/blob/main/layer.md

../tasks-rules.e2e.ts runs this file.
"""

import gzip
import hashlib
import io
import os
import pathlib
import stat
import struct
import sys
import tarfile
import tempfile
import types
import unittest

import zstandard

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'emulator' / 'shim'))

from tasks import images, layers  # noqa: E402


def tar(*entries):
    """
    Returns an archive of these names and their contents.

    A content of `->` and a path is a symbolic link. A content of `= ` and a path is a hard link.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as archive:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            kind = {'->': tarfile.SYMTYPE, '= ': tarfile.LNKTYPE}.get(content[:2])
            if kind:
                member.type, member.linkname = kind, content[2:]
            member.size = 0 if kind else len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def archive_of(member, **attributes):
    for name, value in attributes.items():
        setattr(member, name, value)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as archive:
        archive.addfile(member)
    return buffer.getvalue()


def digest(content):
    return f'sha256:{hashlib.sha256(content).hexdigest()}'


class Layers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = directory.name
        self.root = os.path.join(directory.name, 'container', 'rootfs')

    def unpack(self, *archives, compressed=gzip.compress):
        os.makedirs(os.path.dirname(self.root))
        layers.unpack(types.SimpleNamespace(layers=[(digest(archive), compressed(archive)) for archive in archives]), self.root)

    def files(self):
        return sorted(os.path.relpath(os.path.join(folder, name), self.root) for folder, _, names in os.walk(self.root) for name in names)

    def refuses(self, problem, *archives, **options):
        with self.assertRaisesRegex(images.CannotPull, f'^CannotPullContainerError: .*failed to extract layer sha256:[0-9a-f]+: .*{problem}'):
            self.unpack(*archives, **options)

    def test_a_whiteout_hides_the_file_of_a_lower_layer(self):
        self.unpack(tar(('gone', ''), ('kept', '')), tar(('.wh.gone', '')))
        self.assertEqual(self.files(), ['kept'])

    def test_a_whiteout_hides_no_file_of_its_own_layer(self):
        self.unpack(tar(('file', 'old'), ('folder/old', '')), tar(('file', 'new'), ('.wh.file', ''), ('folder/new', ''), ('.wh.folder', '')))
        self.assertEqual(self.files(), ['file', 'folder/new'])

    def test_an_opaque_whiteout_hides_all_files_of_its_folder_in_lower_layers_regardless_of_its_position(self):
        self.unpack(tar(('folder/old', ''), ('folder/both/old', '')), tar(('folder/new', ''), ('folder/both/new', ''), ('folder/.wh..wh..opq', '')))
        self.assertEqual(self.files(), ['folder/both/new', 'folder/new'])

    def test_a_whiteout_of_a_missing_file_has_no_effect(self):
        self.unpack(tar(('file', '')), tar(('none/.wh.file', ''), ('none/.wh..wh..opq', '')))
        self.assertEqual(self.files(), ['file'])

    def test_a_whiteout_with_an_invalid_name_is_refused(self):
        for name in ('.wh...', '.wh..', 'folder/.wh.'):
            with self.subTest(name):
                self.setUp()
                self.refuses('invalid whiteout name', tar(('folder/file', '')), tar((name, '')))

    def test_no_path_or_link_writes_outside_the_image(self):
        outside = os.path.join(self.home, 'outside')
        up = '../' * 40
        for entries in (
            [(f'{up}{outside}', 'x')],
            [('link', f'->{outside}'), ('link', 'x')],
            [('link', f'->{os.path.dirname(outside)}'), ('link/outside', 'x')],
            [('link', f'->{up}{os.path.dirname(outside)}'), ('link/outside', 'x')],
        ):
            with self.subTest(entries):
                self.setUp()
                self.unpack(tar(*entries))
                self.assertFalse(os.path.exists(outside))

    def test_a_chain_of_links_that_is_too_long_is_refused_and_writes_nothing_outside_the_image(self):
        chain = [(f'link{number}', f'->link{number + 1}') for number in range(layers.LONGEST_LINK_CHAIN + 1)]
        outside = os.path.join(self.home, 'outside')
        os.mkdir(outside)
        self.refuses('Too many levels of symbolic links', tar(*chain, (f'link{len(chain)}', f'->{outside}'), ('link0/file', 'x')))
        self.assertEqual(os.listdir(outside), [])

    def test_a_hard_link_is_a_second_name_for_a_file_in_the_image(self):
        self.unpack(tar(('file', 'x')), tar(('other', '= /file')))
        self.assertEqual(os.stat(os.path.join(self.root, 'other')).st_nlink, 2)

    def test_a_hard_link_to_a_missing_file_is_refused_with_an_error_that_contains_no_path_of_this_machine(self):
        self.refuses('No such file or directory$', tar(('other', '= ../../../../etc/hostname')))

    def test_a_hard_link_to_a_symbolic_link_is_another_name_of_the_link(self):
        target = os.path.join(self.home, 'target')
        pathlib.Path(target).touch(mode=0o600)
        self.unpack(tar(('link', f'->{target}'), ('other', '= link')))
        self.assertEqual(os.readlink(os.path.join(self.root, 'other')), target)
        self.assertEqual(stat.S_IMODE(os.stat(target).st_mode), 0o600)

    def test_a_named_pipe_and_the_mode_of_the_root_are_kept(self):
        self.unpack(archive_of(tarfile.TarInfo('pipe'), type=tarfile.FIFOTYPE), archive_of(tarfile.TarInfo('./'), type=tarfile.DIRTYPE, mode=0o700))
        self.assertTrue(stat.S_ISFIFO(os.stat(os.path.join(self.root, 'pipe')).st_mode))
        self.assertEqual(stat.S_IMODE(os.stat(self.root).st_mode), 0o700)

    @unittest.skipUnless(sys.platform == 'linux' and os.geteuid() == 0, 'only root can set them')
    def test_the_capabilities_of_a_program_are_kept(self):
        # Version 2, effective, and the permission to listen on ports below 1024.
        capabilities = struct.pack('<5I', 0x02000001, 1 << 10, 0, 0, 0)
        self.unpack(archive_of(tarfile.TarInfo('program'), pax_headers={'SCHILY.xattr.security.capability': capabilities.decode()}))
        self.assertEqual(os.getxattr(os.path.join(self.root, 'program'), 'security.capability'), capabilities)

    def test_a_layer_can_be_uncompressed_or_consist_of_one_or_more_gzip_or_zstandard_parts(self):
        parts = lambda compress: lambda content: compress(content[:100]) + compress(content[100:])
        for compress in (gzip.compress, zstandard.compress, parts(gzip.compress), parts(zstandard.compress), bytes):
            with self.subTest(compress):
                self.setUp()
                self.unpack(tar(('file', 'x')), compressed=compress)
                self.assertEqual(self.files(), ['file'])

    def test_a_layer_that_is_damaged_or_does_not_match_its_digest_is_refused(self):
        whole = tar(('file', 'x' * 10_000))
        for compress, problem in (
            (lambda content: gzip.compress(content)[:-20], ''),
            (lambda content: zstandard.compress(content)[:-20], ''),
            (lambda content: gzip.compress(content)[:20] + b'torn' * 20, ''),
            (lambda _: gzip.compress(tar(('other', ''))), 'wrong diff id'),
        ):
            with self.subTest(problem):
                self.setUp()
                self.refuses(problem, whole, compressed=compress)
        self.setUp()
        self.refuses('', b'no archive at all')


if __name__ == '__main__':
    unittest.main()
