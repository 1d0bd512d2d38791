// SPDX-License-Identifier: GPL-3.0-or-later
import { render } from 'preact';
import { App } from './app';
import { language, setLanguage } from './i18n';
import './style.css';

setLanguage(language.get());
render(<App />, document.getElementById('app')!);
