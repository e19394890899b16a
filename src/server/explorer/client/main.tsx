import 'graphiql/style.css';
import './style.css';
import './explain/explain.css';
import './monaco-workers.ts';
import { createRoot } from 'react-dom/client';
import { demoQueries } from './demo/demo-queries.ts';
import { Explorer } from './explorer.tsx';
import { queriesThatFit } from './queries-that-fit.ts';

const element = document.querySelector('#explorer');
if (element === null) throw new Error('Expected an element with the id "explorer" in index.html, found none.');

createRoot(element).render(<Explorer queries={await queriesThatFit(demoQueries)} />);
