import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  // The Next.js example is a project of its own, and checked by its own build.
  { ignores: ['dist', 'coverage', 'examples/nextjs'] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }],
    },
  },
  {
    // Time and chance are handed in at the root of src: nothing below reads a clock or the system's randomness.
    files: ['src/*/**/*.{ts,tsx}', 'providers/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take a Clock.' },
        { object: 'Math', property: 'random', message: 'Take Randomness.' },
      ],
      'no-restricted-globals': ['error', { name: 'fetch', message: 'Take the pooled fetch that the root made.' }],
    },
  },
  {
    // What the benchmark measures is plain JavaScript, and starts without a compiler.
    files: ['test/bench/**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { globalThis: 'readonly', Request: 'readonly', URL: 'readonly', URLSearchParams: 'readonly' },
    },
  },
  {
    files: ['*.config.*'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
