import { defineConfig } from 'vite';

// `npm run dev` shows the UI with live reload against a box that runs on this machine.
export default defineConfig({
	esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
	build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 1000,
		rollupOptions: { input: { index: 'index.html', player: 'player.html' } } },
	server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
});
