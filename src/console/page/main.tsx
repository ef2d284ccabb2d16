import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/lanes.css';
import './styles/plots.css';
import './styles/invoke.css';
import './styles/detail.css';
import './styles/log.css';
import './styles/profile.css';
import { render } from 'preact';
import { Page } from './frame/page.tsx';
import { connect } from './state/connection.ts';
import { applyTheme } from './state/theme.ts';

applyTheme();
render(<Page />, document.body);
connect();
