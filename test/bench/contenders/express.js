import express from 'express';
import { serve, smallDocument } from './serve.js';

const document = JSON.parse(smallDocument);
const app = express();
app.use((request, response) => void response.json(document));
serve(app);
